package io.blkspc.nbd;

import java.nio.charset.StandardCharsets;

/**
 * How a client reaches a server, in the forms the common clients read. Immutable.
 *
 * <p>Source: the NBD URI specification, doc/uri.md of the NBD project.
 */
public final class NbdUri {

    private final String socketPath;
    private final String host;
    private final int port;

    private final boolean tls;

    private NbdUri(String socketPath, String host, int port, boolean tls) {
        this.tls = tls;
        this.socketPath = socketPath;
        this.host = host;
        this.port = port;
    }

    static NbdUri unix(String socketPath) {
        return new NbdUri(socketPath, null, 0, false);
    }

    static NbdUri tcp(String host, int port, boolean tls) {
        return new NbdUri(null, host.indexOf(':') >= 0 ? "[" + host + "]" : host, port, tls);
    }

    /** The URI of one export, for nbdinfo, nbdcopy, qemu-img, fio and others; an empty name is the default export. */
    public String export(String name) {
        if (socketPath != null) {
            return "nbd+unix:///" + escape(name, "") + "?socket=" + escape(socketPath, "/");
        }
        return (tls ? "nbds://" : "nbd://") + host + ":" + port + "/" + escape(name, "");
    }

    /** Arguments of {@code nbd-client} that attach one export to {@code device}. */
    public String nbdClientArguments(String name, String device) {
        String export = "-N " + name + " -b 4096 ";
        return socketPath != null
                ? "-unix " + socketPath + " " + export + device
                : host + " " + port + " " + export + device;
    }

    /** The URI of the default export. */
    @Override
    public String toString() {
        return export("");
    }

    private static String escape(String text, String alsoPlain) {
        StringBuilder out = new StringBuilder();
        for (byte b : text.getBytes(StandardCharsets.UTF_8)) {
            char c = (char) (b & 0xff);
            boolean plain = (c >= 'a' && c <= 'z')
                    || (c >= 'A' && c <= 'Z')
                    || (c >= '0' && c <= '9')
                    || "-._~@".indexOf(c) >= 0
                    || alsoPlain.indexOf(c) >= 0;
            if (plain) {
                out.append(c);
            } else {
                out.append('%')
                        .append(Character.toUpperCase(Character.forDigit(c >> 4, 16)))
                        .append(Character.toUpperCase(Character.forDigit(c & 15, 16)));
            }
        }
        return out.toString();
    }
}
