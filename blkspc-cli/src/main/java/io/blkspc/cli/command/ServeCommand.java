package io.blkspc.cli.command;

import io.blkspc.cli.outcome.CommandFailure;
import io.blkspc.cli.outcome.ExitCode;
import io.blkspc.cli.serve.PoolServer;
import io.blkspc.cli.serve.ServeOptions;
import io.blkspc.cli.serve.ServiceNotice;
import io.blkspc.cli.serve.ServiceSocket;
import io.blkspc.cli.serve.StopSignals;
import io.blkspc.cli.text.Json;
import io.blkspc.cli.text.Progress;
import io.blkspc.nbd.AddressRange;
import io.blkspc.nbd.NbdAddress.Sharing;
import java.nio.channels.ServerSocketChannel;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

/** {@code serve}. */
@Command(
        name = "serve",
        description = "Serve the pool in the foreground: every volume over NBD under its name, snapshots read-only as "
                + "NAME@SNAP, new ones at once. Other commands go on working while it runs. Prints one line, "
                + "'ready URI...', when it accepts connections. SIGTERM, SIGINT or 'blkspc stop' end it cleanly; a "
                + "second signal ends it at once. Takes over a socket of systemd's socket activation.")
final class ServeCommand extends Task {

    @Option(names = "--unix", paramLabel = "PATH", description = "NBD socket; default: nbd.sock in the pool")
    private Path unix;

    @Option(
            names = "--tcp",
            paramLabel = "HOST:PORT",
            description = "also serve on TCP; beyond loopback with --tls only")
    private String tcp;

    @Option(
            names = "--unix-mode",
            paramLabel = "0600|0660|0666",
            description = "who may connect to the NBD socket, and so read and write every volume: its owner, its group "
                    + "too, or everybody; default: 0600")
    private String unixMode = "0600";

    @Option(
            names = "--allow",
            paramLabel = "ADDRESS[/BITS]",
            description = "let clients on TCP in only from this address or network; may be given more than once")
    private List<String> allow = List.of();

    @Option(
            names = "--tls",
            paramLabel = "DIR",
            description =
                    "clients on TCP must begin TLS, those on the socket may; server-cert.pem and server-key.pem are in DIR")
    private Path tls;

    @Option(
            names = "--tls-verify-peer",
            description = "clients that begin TLS must show a certificate that one in ca-cert.pem of DIR signed")
    private boolean tlsVerifyPeer;

    @Option(
            names = "--allow-plaintext",
            description =
                    "serve on TCP without TLS, or to clients that do not begin it: whoever reaches the port reads "
                            + "and writes every volume, and whoever is on the way reads along")
    private boolean allowPlaintext;

    @Option(
            names = "--read-only",
            description = "write nothing, whoever asks; takes a damaged pool as far as it can be read")
    private boolean readOnly;

    @Option(names = "--export", paramLabel = "GLOB", description = "NBD clients see only names like this")
    private String export;

    @Option(
            names = "--cache",
            paramLabel = "writeback|direct",
            description = "direct: data goes around the page cache (O_DIRECT), where the file system can; default: "
                    + "writeback. Writes are durable at the same moments either way")
    private String cache;

    @Override
    public Integer call() throws Exception {
        CountDownLatch stop = new CountDownLatch(1);
        StopSignals.handleWith(stop::countDown);
        ServerSocketChannel given = ServiceSocket.take(environment().variables()); // before anybody prints
        PoolServer server;
        try (Progress progress = progress("serve:")) {
            ServeOptions options = new ServeOptions(
                    new ServeOptions.Doors(
                            unix,
                            sharing(),
                            tcp,
                            allow.stream().map(AddressRange::parse).toList(),
                            given),
                    new ServeOptions.Encryption(tls, tlsVerifyPeer, allowPlaintext),
                    readOnly,
                    export,
                    isDirect());
            server = PoolServer.start(environment().access(), location(), options, stop, progress::say);
        }
        out().println(
                        root().json
                                ? Json.line(Json.of("ready", server.uris()))
                                : "ready " + String.join(" ", server.uris()));
        out().flush();
        ServiceNotice manager = ServiceNotice.of(environment().variables());
        manager.ready();
        server.serveUntilStopped(manager::stopping);
        return ExitCode.DONE;
    }

    private Sharing sharing() {
        return switch (unixMode) {
            case "0600", "600" -> Sharing.OWNER;
            case "0660", "660" -> Sharing.GROUP;
            case "0666", "666" -> Sharing.EVERYBODY;
            default ->
                throw CommandFailure.usage("no such mode of the socket: value=" + unixMode + ", known=0600|0660|0666");
        };
    }

    private boolean isDirect() {
        return switch (cache) {
            case null -> false;
            case "writeback" -> false;
            case "direct" -> true;
            default -> throw CommandFailure.usage("no such cache mode: value=" + cache + ", known=writeback|direct");
        };
    }
}
