package io.blkspc.nbd;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import io.blkspc.api.Pool;
import io.blkspc.host.BlockSpaceHost;
import io.blkspc.host.HostConfig;
import io.blkspc.host.PoolSpec;
import io.blkspc.host.device.CacheMode;
import io.blkspc.nbd.service.PoolExports;
import io.blkspc.nbd.testing.IntegrityLoad;
import io.blkspc.nbd.testing.NbdTestClient;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.locks.LockSupport;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** The server over the real host: what only the two together can get wrong. */
class RealHostTest {

    private final long seed = Long.getLong("blkspc.seed", System.nanoTime());

    @TempDir
    Path directory;

    private NbdServer serve(Pool pool) throws Exception {
        return NbdServer.start(NbdConfig.on(NbdAddress.unix(directory.resolve("s"))), new PoolExports(pool));
    }

    private Path newPool() {
        Path path = directory.resolve("pool");
        BlockSpaceHost.create(path, new PoolSpec(128L << 20, null, 0, false, true));
        return path;
    }

    @ParameterizedTest
    @EnumSource(CacheMode.class)
    void clonesTakenUnderLoadAreApartAndEverythingIsThereAfterReopening(CacheMode mode) throws Exception {
        System.out.println("seed=" + seed);
        Path path = newPool();
        IntegrityLoad load;
        byte[] cloned;
        try (Pool pool = BlockSpaceHost.open(path, HostConfig.offline().with(mode))) {
            pool.create("vol", IntegrityLoad.SPAN_BYTES);
            try (NbdServer server = serve(pool)) {
                NbdAddress address = server.addresses().getFirst();
                load = new IntegrityLoad(address, "vol", seed, 1000);
                AtomicInteger clones = new AtomicInteger();
                load.run(() -> cloneOnce(pool, clones.getAndIncrement()));
                load.verify(address, "vol");
                pool.clone("vol", List.of("last"));
                load.verify(address, "last");
                cloned = changeClone(address);
                load.verify(address, "vol"); // the origin is as it was
            }
        }
        try (Pool pool = BlockSpaceHost.open(path, HostConfig.offline().with(mode));
                NbdServer server = serve(pool)) {
            NbdAddress address = server.addresses().getFirst();
            load.verify(address, "vol");
            try (NbdTestClient client = NbdTestClient.open(address, "last", false)) {
                assertThat(client.read(0, cloned.length)).isEqualTo(cloned);
            }
        }
    }

    @ParameterizedTest
    @EnumSource(CacheMode.class)
    void fioVerifiesItsOwnWrites(CacheMode mode) throws Exception {
        assumeTrue(Files.isExecutable(Path.of("/usr/bin/fio")), "fio is not installed");
        try (Pool pool = BlockSpaceHost.open(newPool(), HostConfig.offline().with(mode))) {
            pool.create("vol", 32 << 20);
            try (NbdServer server = serve(pool)) {
                Path output = directory.resolve("output");
                Process process = new ProcessBuilder(
                                "fio",
                                "--name=v",
                                "--ioengine=nbd",
                                "--uri=" + server.addresses().getFirst().uri().export("vol"),
                                "--rw=randrw",
                                "--rwmixread=30",
                                "--bsrange=512-64k",
                                "--blockalign=512",
                                "--size=32m",
                                "--io_size=24m",
                                "--iodepth=16",
                                "--verify=crc32c",
                                "--verify_backlog=64",
                                "--verify_fatal=1",
                                "--fsync=200",
                                "--randseed=7")
                        .redirectErrorStream(true)
                        .redirectOutput(output.toFile())
                        .directory(directory.toFile())
                        .start();
                int code = process.waitFor();
                String text = Files.readString(output);
                assumeTrue(!text.contains("engine nbd not loadable"), "fio has no nbd engine");
                assertThat(code).as(text).isZero();
            }
        }
    }

    private static byte[] changeClone(NbdAddress address) throws Exception {
        try (NbdTestClient client = NbdTestClient.open(address, "last", true)) {
            client.zero(1000, 300_000, NbdTestClient.FUA);
            client.write(5000, new byte[] {1, 2, 3}, NbdTestClient.FUA);
            byte[] content = client.read(0, 400_000);
            client.disconnect();
            return content;
        }
    }

    private static void cloneOnce(Pool pool, int number) {
        pool.clone("vol", List.of("clone-" + number));
        if (number >= 2) {
            pool.destroy(List.of("clone-" + (number - 2)), false);
        }
        LockSupport.parkNanos(TimeUnit.MILLISECONDS.toNanos(20));
    }
}
