package io.blkspc.api.contract;

import static org.assertj.core.api.Assertions.assertThat;

import io.blkspc.api.PoolEvent;
import io.blkspc.api.PoolEvent.Kind;
import java.util.List;
import org.junit.jupiter.api.Test;

/** What happens to a pool is told in order, once it has happened, until it is opened again. */
public interface EventsContract extends ContractHost {

    @Test
    default void eventsAreNumberedAndBeginAnewWithEachOpening() {
        try (Fixture f = fixture()) {
            f.pool().create("a", 1 << 20);
            f.pool().destroy(List.of("a"), false);
            List<PoolEvent> events = f.pool().events(0);
            int count = events.size();
            assertThat(events.getFirst().number()).isEqualTo(1);
            assertThat(events.getFirst().kind()).isEqualTo(Kind.OPENED);
            assertThat(events.getLast().number()).isEqualTo(count);
            assertThat(events.subList(count - 2, count))
                    .extracting(PoolEvent::kind)
                    .containsExactly(Kind.CREATED, Kind.DESTROYED);
            assertThat(events.subList(count - 2, count))
                    .extracting(PoolEvent::name)
                    .containsExactly("a", "a");
            assertThat(f.pool().events(count - 1)).containsExactly(events.getLast());
            assertThat(f.pool().events(count)).isEmpty();
            f.reopen();
            assertThat(f.pool().events(0)).extracting(PoolEvent::kind).containsExactly(Kind.OPENED);
        }
    }
}
