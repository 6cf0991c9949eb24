package io.blkspc.xfsish.file;

import static org.assertj.core.api.Assertions.assertThat;

import io.blkspc.api.contract.Fixture;
import io.blkspc.api.model.ModelFaults.Io;
import io.blkspc.api.model.ModelHost;
import io.blkspc.api.model.ModelOptions;
import io.blkspc.api.model.ModelPool;
import io.blkspc.xfsish.check.CheckReport;

/** A volume of the model with a file system, which is mounted. */
final class ModelVolume implements AutoCloseable {

    private final Fixture fixture;
    private FileSystem files;

    ModelVolume() {
        ModelHost host = ModelOptions::defaults;
        fixture = host.fixture(FileSystemOracleTest.POOL);
        FileSystemOracleTest.mkfs(fixture.space(), 1000);
        mount();
    }

    /** As it is mounted now. */
    FileSystem files() {
        return files;
    }

    /** Mounts it again, after it was unmounted or shut down. */
    FileSystem mount() {
        files = FileSystemOracleTest.mount(fixture.space());
        return files;
    }

    /** Checks it, after it was unmounted or shut down: nothing is damaged. */
    CheckReport check() {
        return FileSystemOracleTest.clean(fixture.space());
    }

    /** Nothing stays reserved, and all is sound. */
    CheckReport unmount() {
        files.close();
        assertThat(fixture.status().reservedBytes()).isZero();
        return check();
    }

    /** The next read of a block fails. */
    void failRead() {
        ((ModelPool) fixture.pool()).faults().failIo(Io.READ, 0);
    }

    /** Unmounts it. */
    @Override
    public void close() {
        unmount();
        fixture.close();
    }
}
