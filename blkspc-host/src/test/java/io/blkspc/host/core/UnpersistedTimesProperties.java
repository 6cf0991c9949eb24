package io.blkspc.host.core;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;
import java.util.Random;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;

/** Beside a list of all commits: never younger than the oldest that is unpersisted, and as a rule exactly its bucket's age. */
class UnpersistedTimesProperties {

    private static final int EXACT_BUCKETS = 4;

    private record Commit(long sequence, long nanos, long bucketNanos, int bucket) {}

    @Property(tries = 500)
    void oldestIsWhatAListSays(@ForAll long seed) {
        Random random = new Random(seed);
        UnpersistedTimes times = new UnpersistedTimes();
        Deque<Commit> unpersisted = new ArrayDeque<>();
        List<Long> underWay = new ArrayList<>(); // what the forces that have begun will cover
        int mostUnderWay = 1 + random.nextInt(6);
        boolean everMany = false;
        int bucket = 0;
        long now = 1_000;
        long sequence = 0;
        for (int step = 0; step < 200; step++) {
            now += random.nextInt(50);
            switch (random.nextInt(5)) {
                case 0, 1, 2 -> {
                    sequence++;
                    Commit last = unpersisted.peekLast();
                    boolean same = last != null && last.bucket == bucket;
                    times.committed(sequence, times.wantsTime() ? now : 0);
                    unpersisted.add(new Commit(sequence, now, same ? last.bucketNanos : now, bucket));
                    everMany |= unpersisted.stream()
                                    .mapToInt(Commit::bucket)
                                    .distinct()
                                    .count()
                            > EXACT_BUCKETS;
                }
                case 3 -> {
                    if (underWay.size() < mostUnderWay) {
                        underWay.add(sequence);
                        times.forceBegins();
                        bucket++;
                    }
                }
                default -> {
                    if (!underWay.isEmpty()) {
                        long covered = underWay.remove(random.nextInt(underWay.size()));
                        unpersisted.removeIf(commit -> commit.sequence <= covered);
                        times.persisted(covered);
                    }
                }
            }
            assertThat(times.isNone()).isEqualTo(unpersisted.isEmpty());
            if (!unpersisted.isEmpty()) {
                assertThat(times.oldestNanos()).isLessThanOrEqualTo(unpersisted.peek().nanos);
                if (!everMany) {
                    assertThat(times.oldestNanos()).isEqualTo(unpersisted.peek().bucketNanos);
                }
            }
            everMany &= !unpersisted.isEmpty();
        }
    }
}
