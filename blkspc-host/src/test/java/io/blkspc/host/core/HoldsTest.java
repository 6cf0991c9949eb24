package io.blkspc.host.core;

import static org.assertj.core.api.Assertions.assertThat;

import io.blkspc.host.check.SpaceCheck;
import io.blkspc.host.sim.CutKind;
import io.blkspc.host.sim.FaultInjector;
import io.blkspc.host.sim.InertScheduler;
import io.blkspc.host.sim.IoOp;
import io.blkspc.host.sim.SimDisk;
import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;
import java.util.TreeSet;
import org.junit.jupiter.api.Test;

/** D5 for holds: at every IO a tag is there or not, and the room it takes is counted the same before and after a stop. */
class HoldsTest {

    private final SplittableRandom random = new SplittableRandom(2);
    private final SimDisk disk = new SimDisk(new InertScheduler(), 1);

    @Test
    void crashAnywhereLeavesTheTagOrNot() {
        SimPool sim = SimPool.create(disk, new InertScheduler(), SimPool.geometry(1 << 20, 300, 64 << 10), 1);
        HostPool pool = sim.open();
        pool.create("v", 1 << 20);
        pool.snapshot(List.of("v@s"));
        List<SimDisk> images = new ArrayList<>();
        disk.faults(event -> {
            if (event.op() != IoOp.READ) {
                images.add(disk.killImage());
                images.add(disk.cut(random, CutKind.NONE));
                images.add(disk.cut(random, CutKind.RANDOM));
            }
            return null;
        });
        pool.hold("a", "v@s");
        int held = images.size();
        images.add(disk.cut(random, CutKind.NONE));
        pool.checkpoint();
        pool.hold("b", "v@s");
        pool.release("a", "v@s");
        pool.release("b", "v@s");
        disk.faults(FaultInjector.NONE);
        images.add(disk.cut(random, CutKind.NONE));
        TreeSet<String> seen = new TreeSet<>();
        for (int i = 0; i < images.size(); i++) {
            HostPool recovered =
                    SimPool.on(images.get(i), new InertScheduler(), 5).open();
            List<String> tags = recovered.info("v@s").holds();
            seen.add(tags.toString());
            if (i == held) {
                assertThat(tags).containsExactly("a");
            }
            if (i == images.size() - 1) {
                assertThat(tags).isEmpty();
            }
            EngineFacts.requireConsistent(recovered);
            EngineFacts.requireExact(recovered);
            assertThat(recovered.inspect(SpaceCheck::run).findings()).isEmpty();
            tags.forEach(tag -> recovered.release(tag, "v@s"));
            recovered.destroy(List.of("v", "v@s"), false);
            recovered.awaitReclaim();
            EngineFacts.requireEmpty(recovered);
        }
        assertThat(seen).containsExactly("[]", "[a, b]", "[a]", "[b]");
    }
}
