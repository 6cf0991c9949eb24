package io.blkspc.cli.serve;

import static org.assertj.core.api.Assertions.assertThat;

import io.blkspc.cli.socket.NativeSockets;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** What systemd hears, on a datagram socket as it makes one. */
@Timeout(60)
class ServiceNoticeTest {

    @TempDir
    Path directory;

    @ParameterizedTest
    @ValueSource(strings = {"/notify", "@"})
    void readyAndStoppingAreTold(String kind) {
        String name = kind.equals("@") ? "@blkspc" + directory : directory + kind;
        int fd = NativeSockets.socket(NativeSockets.AF_UNIX, NativeSockets.SOCK_DGRAM, 0);
        try {
            assertThat(NativeSockets.bind(fd, NativeSockets.unixAddress(name))).isZero();
            ServiceNotice manager = ServiceNotice.of(Map.of("NOTIFY_SOCKET", name));
            manager.ready();
            assertThat(received(fd)).isEqualTo("READY=1\nSTATUS=serving");
            manager.stopping();
            assertThat(received(fd)).isEqualTo("STOPPING=1");
        } finally {
            NativeSockets.close(fd);
        }
    }

    private static String received(int fd) {
        byte[] bytes = new byte[256];
        int count = NativeSockets.receive(fd, bytes, 0);
        return new String(Arrays.copyOf(bytes, count), StandardCharsets.US_ASCII);
    }

    @Test
    void withoutAManagerThatListensTheServerGoesOn() {
        ServiceNotice.of(Map.of()).ready();
        ServiceNotice.of(Map.of("NOTIFY_SOCKET", "vsock:2:1")).ready();
        ServiceNotice.of(Map.of("NOTIFY_SOCKET", directory + "/nobody")).stopping();
    }
}
