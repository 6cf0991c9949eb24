package io.blkspc.xfsish;

import io.blkspc.api.contract.ContractHost;
import java.util.List;
import net.jqwik.api.Arbitraries;
import net.jqwik.api.Arbitrary;
import net.jqwik.api.Combinators;
import net.jqwik.api.EdgeCasesMode;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.Provide;
import net.jqwik.api.Tuple;

/** Random lists of steps against a {@link SubvolumeMachine}, which knows what every block may hold. */
abstract class SubvolumeProperties implements ContractHost {

    /** One step; every combination of numbers means something, so that a failing list can lose any step. */
    record Step(Kind kind, int block, int count, int extra) {}

    /** What a step does. */
    enum Kind {
        BEGIN,
        WRITE,
        COMMIT,
        READ,
        SYNC,
        SYNC_RANGE,
        WRITE_BACK,
        SNAPSHOT,
        FROZEN_SNAPSHOT,
        DESTROY_SNAPSHOT,
        FLUSH_POOL,
        FILL_POOL,
        SHUT_DOWN,
        KILL
    }

    @Provide
    Arbitrary<List<Step>> steps() {
        Arbitrary<Kind> kinds = Arbitraries.frequency(
                Tuple.of(8, Kind.BEGIN),
                Tuple.of(16, Kind.WRITE),
                Tuple.of(8, Kind.COMMIT),
                Tuple.of(4, Kind.READ),
                Tuple.of(3, Kind.SYNC),
                Tuple.of(2, Kind.SYNC_RANGE),
                Tuple.of(3, Kind.WRITE_BACK),
                Tuple.of(2, Kind.SNAPSHOT),
                Tuple.of(2, Kind.FROZEN_SNAPSHOT),
                Tuple.of(1, Kind.DESTROY_SNAPSHOT),
                Tuple.of(2, Kind.FLUSH_POOL),
                Tuple.of(2, Kind.FILL_POOL),
                Tuple.of(1, Kind.SHUT_DOWN),
                Tuple.of(1, Kind.KILL));
        return Combinators.combine(
                        kinds,
                        Arbitraries.integers().between(0, SubvolumeMachine.BLOCKS - 1),
                        Arbitraries.integers().between(1, 6),
                        Arbitraries.integers().between(0, 8191))
                .as(Step::new)
                .list()
                .ofMaxSize(120);
    }

    @Property(tries = 120, edgeCases = EdgeCasesMode.NONE)
    void everyBlockHoldsWhatItMayHoldAndNoReservationIsLeft(@ForAll("steps") List<Step> steps) {
        try (SubvolumeMachine machine = new SubvolumeMachine(this)) {
            steps.forEach(machine::step);
            machine.finish();
        }
    }
}
