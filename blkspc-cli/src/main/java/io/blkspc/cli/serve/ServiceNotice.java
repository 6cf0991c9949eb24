package io.blkspc.cli.serve;

import io.blkspc.cli.socket.NativeSockets;
import java.nio.charset.StandardCharsets;
import java.util.Map;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The service manager that started this process and wants to know when it is ready: systemd with {@code Type=notify}. Without one
 * nothing happens. Source: sd_notify(3). Any thread may call anything.
 */
public final class ServiceNotice {

    private static final Logger log = LoggerFactory.getLogger("blkspc.control");
    private static final String VARIABLE = "NOTIFY_SOCKET";

    private final String socket;

    private ServiceNotice(String socket) {
        this.socket = socket;
    }

    /** The one that these environment variables name, if any. */
    public static ServiceNotice of(Map<String, String> variables) {
        String name = variables.get(VARIABLE);
        boolean isAddress = name != null && name.length() > 1 && (name.startsWith("/") || name.startsWith("@"));
        return new ServiceNotice(isAddress ? name : null);
    }

    /** Clients are answered from now on. */
    public void ready() {
        tell("READY=1\nSTATUS=serving");
    }

    /** The end has begun. */
    public void stopping() {
        tell("STOPPING=1");
    }

    /** That it could not be told is no reason not to serve. */
    private void tell(String words) {
        if (socket == null) {
            return;
        }
        int fd = NativeSockets.socket(NativeSockets.AF_UNIX, NativeSockets.SOCK_DGRAM, 0);
        if (fd < 0) {
            log.warn("the service manager was not told: errno={}", -fd);
            return;
        }
        int result = NativeSockets.connect(fd, NativeSockets.unixAddress(socket));
        if (result == 0) {
            result = NativeSockets.send(fd, words.getBytes(StandardCharsets.US_ASCII));
        }
        NativeSockets.close(fd);
        if (result < 0) {
            log.warn("the service manager was not told: socket={}, errno={}", socket, -result);
        }
    }
}
