package io.blkspc.host.core;

import static org.junit.jupiter.api.Assumptions.assumeTrue;

import io.blkspc.api.BlockDevice;
import io.blkspc.api.BlockSpaceException;
import io.blkspc.api.IoRole;
import io.blkspc.api.Transfer;
import io.blkspc.host.device.BackingDevice;
import io.blkspc.host.device.CacheMode;
import io.blkspc.host.device.FileBlockDevice;
import java.io.IOException;
import java.io.RandomAccessFile;
import java.io.UncheckedIOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.io.TempDir;

/** The contract on an engine whose data lies in a real file and never in the page cache. */
class DirectContractTest extends HostContractTest {

    @TempDir
    Path dir;

    private final List<FileBlockDevice> open = new ArrayList<>();

    @Override
    public BackingDevice newData(long dataBytes) {
        Path file = dir.resolve("data" + open.size());
        try (RandomAccessFile made = new RandomAccessFile(file.toFile(), "rw")) {
            made.setLength(dataBytes);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        FileBlockDevice device = FileBlockDevice.openExclusive(file, CacheMode.DIRECT);
        open.add(device);
        assumeTrue(device.cacheMode() == CacheMode.DIRECT, "skipped: no O_DIRECT at " + dir);
        return new KeptOpen(device);
    }

    @AfterEach
    void closeDevices() {
        open.forEach(FileBlockDevice::close);
    }

    /** Outlives the pool, as the other devices of this host do. */
    private record KeptOpen(FileBlockDevice device) implements BackingDevice {

        @Override
        public long sizeBytes() {
            return device.sizeBytes();
        }

        @Override
        public void grow(long newSizeBytes) {
            device.grow(newSizeBytes);
        }

        @Override
        public void read(Transfer transfer, IoRole role) throws BlockSpaceException {
            device.read(transfer, role);
        }

        @Override
        public boolean readCached(Transfer transfer, IoRole role) {
            return device.readCached(transfer, role);
        }

        @Override
        public void write(Transfer transfer, IoRole role) {
            device.write(transfer, role);
        }

        @Override
        public void force(IoRole role) {
            device.force(role);
        }

        @Override
        public BlockDevice openMedium() {
            return device.openMedium();
        }

        @Override
        public void close() {}
    }
}
