package io.blkspc.api.contract;

import net.jqwik.api.Arbitraries;
import net.jqwik.api.Arbitrary;
import net.jqwik.api.Combinators;
import net.jqwik.api.Tuple;

/**
 * One step of a {@link ReservationMachine}; what the numbers mean depends on the kind, and every combination means
 * something, so that a failing list can lose any step and still be run.
 */
record Step(Kind kind, int cookie, int block, int count) {

    /** What a step does. */
    enum Kind {
        RESERVE,
        GET,
        PUT,
        CANCEL,
        ALLOCATE,
        COMMIT,
        FREEZE,
        FLUSH,
        DISCARD,
        ZERO_KEEP,
        PREALLOCATE,
        CLONE,
        DESTROY
    }

    static Arbitrary<Step> any() {
        Arbitrary<Kind> kinds = Arbitraries.frequency(
                Tuple.of(5, Kind.RESERVE),
                Tuple.of(2, Kind.GET),
                Tuple.of(4, Kind.PUT),
                Tuple.of(1, Kind.CANCEL),
                Tuple.of(14, Kind.ALLOCATE),
                Tuple.of(9, Kind.COMMIT),
                Tuple.of(3, Kind.FREEZE),
                Tuple.of(3, Kind.FLUSH),
                Tuple.of(3, Kind.DISCARD),
                Tuple.of(2, Kind.ZERO_KEEP),
                Tuple.of(2, Kind.PREALLOCATE),
                Tuple.of(1, Kind.CLONE),
                Tuple.of(1, Kind.DESTROY));
        return Combinators.combine(
                        kinds,
                        Arbitraries.integers().between(0, ReservationMachine.COOKIES - 1),
                        Arbitraries.integers().between(0, ReservationMachine.BLOCKS - 1),
                        Arbitraries.integers().between(1, 6))
                .as(Step::new);
    }
}
