package io.blkspc.cli;

import static org.assertj.core.api.Assertions.assertThat;

import ch.qos.logback.classic.Level;
import ch.qos.logback.classic.Logger;
import ch.qos.logback.classic.spi.ILoggingEvent;
import ch.qos.logback.core.read.ListAppender;
import io.blkspc.api.BlockSpace;
import io.blkspc.api.Cookie;
import io.blkspc.api.Geometry;
import io.blkspc.api.Pool;
import io.blkspc.api.contract.TestIo;
import io.blkspc.host.BlockSpaceHost;
import io.blkspc.host.HostConfig;
import io.blkspc.host.PoolSpec;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.slf4j.LoggerFactory;

/** Each event of each cookie is one line of the logger {@code io.blkspc.trace.cookie}, with what the cookie is worth after it. */
class CookieTraceTest {

    private static final int BLOCK = Geometry.BLOCK_BYTES;

    private final Logger logger = (Logger) LoggerFactory.getLogger("io.blkspc.trace.cookie");
    private final ListAppender<ILoggingEvent> seen = new ListAppender<>();
    private final Level before = logger.getLevel();

    @TempDir
    private Path directory;

    @BeforeEach
    void listen() {
        seen.start();
        logger.addAppender(seen);
        logger.setLevel(Level.TRACE);
        logger.setAdditive(false); // not for people
    }

    @AfterEach
    void stopListening() {
        logger.detachAppender(seen);
        logger.setLevel(before);
        logger.setAdditive(true);
    }

    @Test
    void everyTransitionIsTold() {
        Path path = directory.resolve("pool");
        BlockSpaceHost.create(path, new PoolSpec(16 << 20, null, 4 << 20, false, true));
        List<String> expected = new ArrayList<>();
        try (Pool pool = BlockSpaceHost.open(path, HostConfig.offline())) {
            pool.create("v", 1 << 20);
            try (BlockSpace space = pool.open("v")) {
                TestIo io = new TestIo(space);
                Cookie cookie = space.reserve(4, BLOCK);
                expected.add(line(cookie, "reserve", 1, 4, 4));
                TestIo.Staged staged = io.stage(cookie, 0, new byte[BLOCK]);
                expected.add(line(cookie, "allocate", 1, 3, 3));
                io.commit(cookie, staged);
                expected.add(line(cookie, "commit", 1, 3, 3));
                space.preallocate(cookie, 8 * BLOCK, BLOCK);
                expected.add(line(cookie, "allocate", 1, 2, 2));
                assertThat(cookie.get()).isSameAs(cookie);
                expected.add(line(cookie, "get", 2, 2, 2));
                io.stage(cookie, BLOCK, new byte[BLOCK]);
                expected.add(line(cookie, "allocate", 2, 1, 1));
                cookie.cancel();
                expected.add(line(cookie, "cancel", 2, 1, 1));
                cookie.cancel();
                assertThat(cookie.get()).isNull();
                cookie.put();
                expected.add(line(cookie, "put", 1, 1, 1));
                cookie.put();
                expected.add(line(cookie, "put", 0, 1, 1));
                expected.add(line(cookie, "unreserve", 0, 0, 0));
            }
        }
        assertThat(seen.list).extracting(ILoggingEvent::getFormattedMessage).isEqualTo(expected);
    }

    private static String line(Cookie cookie, String event, int references, int credits, int promisedBlocks) {
        return "cookie=" + cookie.id() + " volume=v event=" + event + " references=" + references + " credits="
                + credits + " promised=" + promisedBlocks * BLOCK;
    }
}
