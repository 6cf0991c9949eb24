package io.blkspc.cli.serve;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.blkspc.cli.outcome.CommandFailure;
import java.util.Map;
import org.junit.jupiter.api.Test;

/** What the environment says about sockets of a service manager. */
class ServiceSocketTest {

    @Test
    void onlyASocketForThisVeryProcessIsOurs() {
        assertThat(ServiceSocket.count(Map.of(), 7)).isZero();
        assertThat(ServiceSocket.count(Map.of("LISTEN_FDS", "1"), 7)).isZero();
        assertThat(ServiceSocket.count(Map.of("LISTEN_FDS", "1", "LISTEN_PID", "6"), 7))
                .as("of a process that started this one")
                .isZero();
        assertThat(ServiceSocket.count(Map.of("LISTEN_FDS", "0", "LISTEN_PID", "7"), 7))
                .isZero();
        assertThat(ServiceSocket.count(Map.of("LISTEN_PID", "7"), 7)).isZero();
        assertThat(ServiceSocket.count(Map.of("LISTEN_FDS", "1", "LISTEN_PID", "7"), 7))
                .isEqualTo(1);
        assertThat(ServiceSocket.take(Map.of("LISTEN_FDS", "1", "LISTEN_PID", "1")))
                .isNull();
    }

    @Test
    void whatIsNotOneSocketIsRefused() {
        for (String count : new String[] {"2", "-1", "x", "", "01"}) {
            assertThatThrownBy(() -> ServiceSocket.count(Map.of("LISTEN_FDS", count, "LISTEN_PID", "7"), 7))
                    .as(count)
                    .isInstanceOf(CommandFailure.class)
                    .hasMessageContaining("LISTEN_FDS=" + count);
        }
    }
}
