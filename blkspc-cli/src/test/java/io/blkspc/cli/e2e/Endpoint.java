package io.blkspc.cli.e2e;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.function.BiConsumer;

/**
 * A server that a test can start, reach and kill: the product, or a stand-in on which the oracle itself is tried.
 */
interface Endpoint extends AutoCloseable {

    /** Starts it and waits until it accepts connections. */
    void start();

    /** SIGKILL, and waits until the process is gone. */
    void killHard();

    /** Path of its unix socket. */
    Path socket();

    @Override
    void close();

    default NbdConnection connect(String export) throws IOException {
        return NbdConnection.open(socket(), export);
    }

    /** URI of one export, as the foreign clients want it. */
    default String uri(String export) {
        return "nbd+unix:///" + export + "?socket=" + socket();
    }

    /** Reads a whole volume, while nothing writes, and settles its oracle on what is there. */
    default List<Finding> settle(VolumeOracle oracle) throws IOException {
        List<Finding> findings = new ArrayList<>();
        readAll(oracle, (first, data) -> findings.addAll(oracle.settle(first, data)));
        return findings;
    }

    /** The number of the write that each sector of a volume holds, 0 for none. */
    default long[] seqs(VolumeOracle oracle) throws IOException {
        long[] seqs = new long[oracle.sectorCount()];
        readAll(oracle, (first, data) -> {
            for (int i = 0; i < data.remaining() / Sector.BYTES; i++) {
                Sector sector = Sector.decode(data, i * Sector.BYTES);
                seqs[first + i] = sector.kind() == Sector.Kind.WRITTEN ? sector.seq() : 0;
            }
        });
        return seqs;
    }

    private void readAll(VolumeOracle oracle, BiConsumer<Integer, ByteBuffer> consumer) throws IOException {
        int chunkSectors = 2048;
        try (NbdConnection connection = connect(oracle.name())) {
            for (int first = 0; first < oracle.sectorCount(); first += chunkSectors) {
                int count = Math.min(chunkSectors, oracle.sectorCount() - first);
                consumer.accept(first, connection.read((long) first * Sector.BYTES, count * Sector.BYTES));
            }
        }
    }
}
