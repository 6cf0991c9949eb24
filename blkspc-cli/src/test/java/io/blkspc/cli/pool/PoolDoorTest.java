package io.blkspc.cli.pool;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.blkspc.cli.outcome.CommandFailure;
import io.blkspc.cli.outcome.ExitCode;
import io.blkspc.cli.pool.PoolAccess.Mode;
import io.blkspc.cli.pool.PoolAccess.NewPool;
import java.util.Map;
import java.util.concurrent.atomic.AtomicReference;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** What a command does about whoever holds the pool. */
class PoolDoorTest {

    private final PoolLocation location = PoolLocation.of("/model/pool", Map.of());
    private final ModelAccess access = new ModelAccess();
    private final AtomicReference<String> progress = new AtomicReference<>("");

    @BeforeEach
    void makePool() {
        access.create(location.directory(), new NewPool(1 << 20, null, 0, false, false));
    }

    private PoolLink enter() {
        return new PoolDoor(access, location, progress::set).enter(true);
    }

    @Test
    void freePoolIsOpenedHere() {
        try (PoolLink link = enter()) {
            assertThat(link.isServed()).isFalse();
        }
    }

    @Test
    void commandThatHoldsThePoolForTooLongIsBusy() {
        access.hold(location.directory(), Mode.OFFLINE, null);

        assertThatThrownBy(this::enter)
                .isInstanceOfSatisfying(
                        CommandFailure.class,
                        failure -> assertThat(failure.exitCode()).isEqualTo(ExitCode.BUSY))
                .hasMessageContaining("pid=" + ProcessHandle.current().pid());
    }

    @Test
    void commandThatLetsGoInTimeIsWaitedFor() {
        access.hold(location.directory(), Mode.OFFLINE, null);
        Thread other = Thread.ofVirtual().start(() -> {
            sleep(300);
            access.letGo(location.directory());
        });

        enter().close();

        assertThat(other.isAlive()).isFalse();
    }

    @Test
    void startingServerIsWaitedForWithWords() {
        access.hold(location.directory(), Mode.STARTING, "/nowhere");
        Thread.ofVirtual().start(() -> {
            sleep(2500); // longer than a moment
            access.letGo(location.directory());
        });

        enter().close();

        assertThat(progress.get()).contains("waiting for the server to start");
    }

    @Test
    void serverThatDoesNotListenIsBusy() {
        access.hold(location.directory(), Mode.SERVING, "/nowhere/control.sock");

        assertThatThrownBy(this::enter)
                .isInstanceOfSatisfying(
                        CommandFailure.class,
                        failure -> assertThat(failure.exitCode()).isEqualTo(ExitCode.BUSY))
                .hasMessageContaining("does not answer");
    }

    private static void sleep(long millis) {
        try {
            Thread.sleep(millis);
        } catch (InterruptedException interrupted) {
            Thread.currentThread().interrupt();
        }
    }
}
