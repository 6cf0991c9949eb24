package io.blkspc.cli.serve;

import io.blkspc.cli.outcome.CommandFailure;
import io.blkspc.cli.pool.PoolLocation;
import io.blkspc.nbd.NbdAddress;
import io.blkspc.nbd.NbdAddress.Protection;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.nio.channels.ServerSocketChannel;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/** What the options of a server say about where it listens. */
final class Addresses {

    private Addresses() {}

    /**
     * Where a server of that pool listens, unix sockets first.
     *
     * @throws CommandFailure when the options do not go together
     */
    static List<NbdAddress> of(PoolLocation location, ServeOptions options) throws IOException {
        List<NbdAddress> addresses = new ArrayList<>();
        ServeOptions.Doors doors = options.doors();
        Path unix = doors.unix() == null ? location.nbdSocket() : doors.unix().toAbsolutePath();
        NbdAddress.Inherited given = given(options);
        if (given == null || !unix.equals(given.file())) {
            addresses.add(new NbdAddress.Unix(unix, doors.sharing()));
        }
        if (given != null) {
            addresses.add(given.file() == null ? addresses.size() : 0, given); // unix sockets first
        }
        if (doors.tcp() != null) {
            addresses.add(TcpAddress.parse(doors.tcp(), options.encryption(), doors.allowed()));
        } else if (!doors.allowed().isEmpty() && (given == null || given.file() != null)) {
            throw CommandFailure.usage("addresses are those of clients on TCP: --allow needs --tcp");
        }
        return addresses;
    }

    private static NbdAddress.Inherited given(ServeOptions options) throws IOException {
        ServerSocketChannel given = options.doors().given();
        if (given == null) {
            return null;
        }
        Protection protection = given.getLocalAddress() instanceof InetSocketAddress tcp
                ? TcpAddress.protection(tcp.getAddress(), options.encryption(), tcp.toString())
                : Protection.NONE;
        return new NbdAddress.Inherited(given, protection, options.doors().allowed());
    }
}
