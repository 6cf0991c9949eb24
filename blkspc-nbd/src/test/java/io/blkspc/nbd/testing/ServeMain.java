package io.blkspc.nbd.testing;

import io.blkspc.api.Pool;
import io.blkspc.api.model.ModelOptions;
import io.blkspc.api.model.ModelPool;
import io.blkspc.host.BlockSpaceHost;
import io.blkspc.host.HostConfig;
import io.blkspc.host.PoolSpec;
import io.blkspc.host.device.FileBlockDevice;
import io.blkspc.nbd.NbdAddress;
import io.blkspc.nbd.NbdConfig;
import io.blkspc.nbd.NbdServer;
import io.blkspc.nbd.service.ExportSource;
import io.blkspc.nbd.service.PoolExports;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;

/**
 * Serves something until its standard input ends, for measuring by hand: {@code model BYTES SOCKET}, {@code flat FILE
 * SOCKET} or {@code pool DIR SOCKET}; a pool is made with 4 GiB when there is none.
 */
public final class ServeMain {

    private ServeMain() {}

    /** Starts it. */
    public static void main(String[] args) throws IOException {
        NbdConfig config = NbdConfig.on(NbdAddress.unix(Path.of(args[2])));
        try (NbdServer server = NbdServer.start(config, exports(args[0], args[1]))) {
            System.out.println(server.addresses().getFirst().uri());
            while (System.in.read() >= 0) {
                System.out.println(server.status());
            }
        }
    }

    private static ExportSource exports(String kind, String what) {
        if (kind.equals("model")) {
            ModelPool pool = ModelPool.create(
                    Long.parseLong(what), ModelOptions.defaults().trusting());
            pool.create("vol", Long.parseLong(what) / 2);
            return new PoolExports(pool);
        }
        if (kind.equals("pool")) {
            return new PoolExports(openPool(Path.of(what)));
        }
        return new FlatExport(new FlatSpace("vol", FileBlockDevice.open(Path.of(what))));
    }

    private static Pool openPool(Path directory) {
        if (Files.exists(directory)) {
            return BlockSpaceHost.open(directory, HostConfig.offline());
        }
        BlockSpaceHost.create(directory, new PoolSpec(4L << 30, null, 0, false, false));
        Pool pool = BlockSpaceHost.open(directory, HostConfig.offline());
        pool.create("vol", 1L << 30);
        return pool;
    }
}
