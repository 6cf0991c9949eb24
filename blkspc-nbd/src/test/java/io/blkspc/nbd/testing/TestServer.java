package io.blkspc.nbd.testing;

import io.blkspc.api.PoolStatus;
import io.blkspc.api.model.ModelOptions;
import io.blkspc.api.model.ModelPool;
import io.blkspc.nbd.NbdAddress;
import io.blkspc.nbd.NbdConfig;
import io.blkspc.nbd.NbdServer;
import io.blkspc.nbd.service.ExportSource;
import io.blkspc.nbd.service.NbdLimits;
import io.blkspc.nbd.service.PoolExports;
import io.blkspc.nbd.tls.TlsCredentials;
import java.io.IOException;
import java.net.InetAddress;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;

/** A server on a unix socket in a directory of its own and on a free loopback port, over a model pool. */
public final class TestServer implements AutoCloseable {

    private final ModelPool pool;
    private final Path directory;
    private final NbdServer server;

    private TestServer(ModelPool pool, Path directory, NbdServer server) {
        this.pool = pool;
        this.directory = directory;
        this.server = server;
    }

    /** A pool of 256 MiB with one volume {@code vol} of 64 MiB. */
    public static TestServer start() throws IOException {
        ModelPool pool = ModelPool.create(256L << 20, ModelOptions.defaults());
        pool.create("vol", 64L << 20);
        return start(pool, NbdLimits.DEFAULT);
    }

    public static TestServer start(ModelPool pool, NbdLimits limits) throws IOException {
        return start(pool, new PoolExports(pool), limits);
    }

    /** Serves {@code exports}, which lie on {@code pool}. */
    public static TestServer start(ModelPool pool, ExportSource exports, NbdLimits limits) throws IOException {
        Path directory = Files.createTempDirectory("nbd");
        NbdConfig config =
                new NbdConfig(List.of(NbdAddress.unix(directory.resolve("s")), NbdAddress.loopback(0)), limits);
        return new TestServer(pool, directory, NbdServer.start(config, exports));
    }

    /** Clients on TCP must begin TLS, those on the socket may. */
    public static TestServer startWithTls(ModelPool pool, ExportSource exports, NbdLimits limits, TlsCredentials tls)
            throws IOException {
        Path directory = Files.createTempDirectory("nbd");
        NbdAddress tcp = new NbdAddress.Tcp(InetAddress.getLoopbackAddress(), 0, NbdAddress.Protection.TLS);
        NbdConfig config = new NbdConfig(List.of(NbdAddress.unix(directory.resolve("s")), tcp), limits, tls);
        return new TestServer(pool, directory, NbdServer.start(config, exports));
    }

    public ModelPool pool() {
        return pool;
    }

    public NbdServer server() {
        return server;
    }

    public NbdAddress unix() {
        return server.addresses().get(0);
    }

    public NbdAddress tcp() {
        return server.addresses().get(1);
    }

    public NbdTestClient client(boolean structured) throws IOException {
        return NbdTestClient.open(unix(), "vol", structured);
    }

    public NbdTestClient client(Headers headers, String... contexts) throws IOException {
        return contexts.length == 0
                ? NbdTestClient.open(unix(), "vol", headers)
                : NbdTestClient.open(unix(), "vol", headers, contexts);
    }

    public RawNbd raw() throws IOException {
        return RawNbd.connect(unix());
    }

    @Override
    public void close() throws IOException {
        server.close();
        if (pool.status().state() != PoolStatus.State.FAILED) {
            pool.close();
        }
        Files.delete(directory);
    }
}
