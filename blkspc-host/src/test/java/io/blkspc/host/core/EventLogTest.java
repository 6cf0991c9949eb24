package io.blkspc.host.core;

import static io.blkspc.api.PoolEvent.Kind.BACKING_BACK;
import static io.blkspc.api.PoolEvent.Kind.CLONED;
import static io.blkspc.api.PoolEvent.Kind.CREATED;
import static io.blkspc.api.PoolEvent.Kind.DESTROYED;
import static io.blkspc.api.PoolEvent.Kind.FAILED;
import static io.blkspc.api.PoolEvent.Kind.GROWN;
import static io.blkspc.api.PoolEvent.Kind.HELD;
import static io.blkspc.api.PoolEvent.Kind.OPENED;
import static io.blkspc.api.PoolEvent.Kind.OUT_OF_BACKING;
import static io.blkspc.api.PoolEvent.Kind.RECOVERED;
import static io.blkspc.api.PoolEvent.Kind.RELEASED;
import static io.blkspc.api.PoolEvent.Kind.RENAMED;
import static io.blkspc.api.PoolEvent.Kind.RESIZED;
import static io.blkspc.api.PoolEvent.Kind.ROLLED_BACK;
import static io.blkspc.api.PoolEvent.Kind.SHORTAGE;
import static io.blkspc.api.PoolEvent.Kind.SNAPSHOT;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.blkspc.api.BlockSpace;
import io.blkspc.api.BlockSpaceException;
import io.blkspc.api.PoolEvent;
import io.blkspc.api.Quota;
import io.blkspc.host.sim.InertScheduler;
import java.util.List;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

/** What is told, and that it is bounded. */
class EventLogTest {

    private final CountingPool at = new CountingPool(16 << 20);

    @Test
    void eachChangeIsOneEvent() {
        at.pool.create("v", 1 << 20);
        at.pool.snapshot(List.of("v@s"));
        at.pool.hold("tag", "v@s");
        at.pool.release("tag", "v@s");
        at.pool.clone("v@s", IntStream.range(0, 20).mapToObj(i -> "c" + i).toList());
        at.pool.rename("v", "w");
        at.pool.rollback("w@s", null);
        at.pool.resize("w", 2 << 20, false);
        at.pool.grow(32 << 20);
        at.pool.destroy(List.of("w", "w@s"), false);
        List<PoolEvent> events = at.pool.events(0);
        assertThat(events)
                .extracting(PoolEvent::kind)
                .containsExactly(
                        OPENED,
                        CREATED,
                        SNAPSHOT,
                        HELD,
                        RELEASED,
                        CLONED,
                        RENAMED,
                        ROLLED_BACK,
                        RESIZED,
                        GROWN,
                        DESTROYED);
        assertThat(events.get(5).facts()).isEqualTo("names=c0,c1,c2,c3,c4,c5,c6,c7,..., count=20");
        assertThat(events.getLast().facts()).isEqualTo("names=w,w@s, count=2");
        assertThatThrownBy(() -> at.pool.rename("w", "x")).isInstanceOf(BlockSpaceException.class);
        assertThat(at.pool.events(events.size())).as("what did not happen").isEmpty();
    }

    @Test
    void shortageAndFailureAreToldAndARecoveryToo() {
        assertThatThrownBy(() -> at.pool.create("g", 1 << 30, Quota.guarantee(Quota.FULL)))
                .hasMessageContaining("No space left");
        at.pool.create("v", 1 << 30);
        try (BlockSpace space = at.pool.open("v")) {
            for (int i = 0; i < 3; i++) { // told once
                assertThatThrownBy(() -> space.reserve(100_000, 4096)).hasMessageContaining("No space left");
            }
        }
        assertThat(at.pool.events(0)).extracting(PoolEvent::kind).containsOnlyOnce(SHORTAGE);
        at.kill();
        assertThat(at.pool.events(0)).extracting(PoolEvent::kind).containsExactly(RECOVERED);
        HostPool failed = at.pool;
        failed.fail(new IllegalStateException("planted"));
        failed.fail(new IllegalStateException("a second one"));
        assertThat(failed.events(1))
                .extracting(PoolEvent::kind, PoolEvent::facts)
                .containsExactly(org.assertj.core.groups.Tuple.tuple(FAILED, "cause=planted"));
    }

    @Test
    void refusedWritesAreToldOnceUntilTheSpaceIsThere() {
        at.pool.create("v", 1 << 20);
        assertThatThrownBy(() -> at.pool.create("g", 1 << 30, Quota.guarantee(Quota.FULL)))
                .isInstanceOf(BlockSpaceException.class);
        assertThat(at.pool.events(2)).extracting(PoolEvent::kind).containsExactly(SHORTAGE);
        Backing backing = at.pool.engine().backing;
        backing.refused(4096);
        backing.refused(8192);
        backing.tookNewBlock();
        backing.tookNewBlock();
        assertThat(at.pool.events(3)).extracting(PoolEvent::kind).containsExactly(OUT_OF_BACKING, BACKING_BACK);
    }

    @Test
    void onlyTheLastEventsAreKept() {
        EventLog log = new EventLog(new InertScheduler(), () -> 7);
        for (int i = 1; i <= EventLog.CAPACITY + 5; i++) {
            log.add(CREATED, "v" + i, "");
        }
        assertThat(log.after(0)).hasSize(EventLog.CAPACITY);
        assertThat(log.after(0).getFirst()).isEqualTo(new PoolEvent(6, 7, CREATED, "v6", ""));
        assertThat(log.after(EventLog.CAPACITY + 4)).extracting(PoolEvent::name).containsExactly("v1029");
    }
}
