package io.blkspc.nbd;

import java.io.IOException;
import java.nio.channels.SocketChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermission;
import java.util.Set;
import jdk.net.ExtendedSocketOptions;

/**
 * Who is at the other end of a unix socket. The permissions of the file decide who may connect, but the system makes the
 * file before they can be set: so as long as they are for the owner alone, the kernel's word about the peer counts as well.
 */
final class UnixPeer {

    private static final String ROOT = "root";

    private final Path socket;
    private final String maker;

    /** For a socket that was just made. */
    UnixPeer(Path socket) throws IOException {
        this.socket = socket;
        this.maker = Files.getOwner(socket).getName();
    }

    /** Name of the user at the other end, as the kernel says. */
    static String user(SocketChannel client) throws IOException {
        return client.getOption(ExtendedSocketOptions.SO_PEERCRED).user().getName();
    }

    /** {@code null} when the client may stay, else a few words about it. */
    String objection(SocketChannel client) throws IOException {
        String user = user(client);
        if (user.equals(maker)) { // the file is looked at for others only: there may be a crowd at the door
            return null;
        }
        String owner = Files.getOwner(socket).getName();
        return mayStay(user, owner, Files.getPosixFilePermissions(socket))
                ? null
                : "not the owner of the socket: user=" + user + ", owner=" + owner;
    }

    /** Whoever gave the socket to others, by its owner or its permissions, wants them to be let in. */
    static boolean mayStay(String user, String owner, Set<PosixFilePermission> permissions) {
        return user.equals(owner)
                || user.equals(ROOT)
                || permissions.contains(PosixFilePermission.GROUP_WRITE)
                || permissions.contains(PosixFilePermission.OTHERS_WRITE);
    }
}
