package io.blkspc.cli.e2e;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

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
        int chunkSectors = 2048;
        List<Finding> findings = new ArrayList<>();
        try (NbdConnection connection = connect(oracle.name())) {
            for (int first = 0; first < oracle.sectorCount(); first += chunkSectors) {
                int count = Math.min(chunkSectors, oracle.sectorCount() - first);
                ByteBuffer data = connection.read((long) first * Sector.BYTES, count * Sector.BYTES);
                findings.addAll(oracle.settle(first, data));
            }
        }
        return findings;
    }
}
