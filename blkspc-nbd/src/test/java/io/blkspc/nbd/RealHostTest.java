package io.blkspc.nbd;

import static org.assertj.core.api.Assertions.assertThat;

import io.blkspc.api.Pool;
import io.blkspc.host.BlockSpaceHost;
import io.blkspc.host.HostConfig;
import io.blkspc.host.PoolSpec;
import io.blkspc.nbd.service.PoolExports;
import io.blkspc.nbd.testing.IntegrityLoad;
import io.blkspc.nbd.testing.NbdTestClient;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.locks.LockSupport;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The server over the real host: what only the two together can get wrong. */
class RealHostTest {

    private final long seed = Long.getLong("blkspc.seed", System.nanoTime());

    @TempDir
    Path directory;

    private NbdServer serve(Pool pool) throws Exception {
        return NbdServer.start(NbdConfig.on(NbdAddress.unix(directory.resolve("s"))), new PoolExports(pool));
    }

    @Test
    void clonesTakenUnderLoadAreApartAndEverythingIsThereAfterReopening() throws Exception {
        System.out.println("seed=" + seed);
        Path path = directory.resolve("pool");
        BlockSpaceHost.create(path, new PoolSpec(128L << 20, null, 0, false, true));
        IntegrityLoad load;
        byte[] cloned;
        try (Pool pool = BlockSpaceHost.open(path, HostConfig.offline())) {
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
        try (Pool pool = BlockSpaceHost.open(path, HostConfig.offline());
                NbdServer server = serve(pool)) {
            NbdAddress address = server.addresses().getFirst();
            load.verify(address, "vol");
            try (NbdTestClient client = NbdTestClient.open(address, "last", false)) {
                assertThat(client.read(0, cloned.length)).isEqualTo(cloned);
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
