package io.blkspc.host.journal;

import static org.assertj.core.api.Assertions.assertThat;

import io.blkspc.host.journal.Rings.Replayed;
import io.blkspc.host.sim.CutKind;
import io.blkspc.host.sim.InertScheduler;
import io.blkspc.host.sim.IoOp;
import io.blkspc.host.sim.SimDevice;
import io.blkspc.host.sim.SimDisk;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;

/** Random histories of appends, forces and checkpoints; power cuts at every IO; then a recovery and more of it. */
class JournalCrashTest {

    private static final int HISTORIES = Boolean.getBoolean("blkspc.release") ? 30_000 : 300;
    private static final int STEPS = 60;
    private static final int CUTS_PER_IO = 3;

    private SplittableRandom random;
    private SimDisk disk;
    private SimDevice device;
    private Journal journal;
    private long salt;
    private long released;
    private long forced;
    private ReplayStart start;
    private long states;

    @Test
    void everyPowerCutLeavesAPrefixThatHoldsWhatWasForced() {
        long first = Rings.seed(1000);
        for (long seed = first; seed < first + HISTORIES; seed++) {
            random = new SplittableRandom(seed);
            history();
        }
        System.out.println("crash states=" + states);
        assertThat(states).isGreaterThan((long) HISTORIES * STEPS);
    }

    private void history() {
        int sectors = 16 + random.nextInt(40);
        disk = new SimDisk(new InertScheduler(), random.nextLong());
        device = disk.create("journal", sectors * 512L);
        salt = random.nextLong();
        released = 0;
        forced = 0;
        begin(new ScanResult(0, 0, 0, 0, 0, 0));
        for (int step = 0; step < STEPS; step++) {
            step();
            if (random.nextInt(20) == 0) {
                crash();
            }
        }
        journal.close();
    }

    private void begin(ScanResult at) {
        released = at.lastSequence();
        forced = released;
        journal =
                Journal.open(device, Rings.POOL, salt, at.endPosition(), released + 1, at.lastCrc(), at.endPosition());
        start = new ReplayStart(salt, released + 1, at.endPosition(), at.lastCrc(), released, released);
        disk.faults(event -> {
            if (event.op() != IoOp.READ) {
                CutKind[] kinds = {
                    CutKind.NONE,
                    CutKind.ALL,
                    CutKind.ONLY_LAST,
                    CutKind.ALL_BUT_ONE,
                    CutKind.NEWEST_HALF,
                    CutKind.RANDOM,
                    CutKind.RANDOM,
                    CutKind.RANDOM
                };
                for (int i = 0; i < CUTS_PER_IO; i++) {
                    checkCut(disk.cut(random, kinds[random.nextInt(kinds.length)]));
                }
            }
            return null;
        });
    }

    private void step() {
        int length = random.nextInt(4) == 0 ? random.nextInt(journal.maxPayloadBytes() + 1) : random.nextInt(300);
        int choice = random.nextInt(10);
        if (choice < 6 && journal.fits(length)) {
            Rings.append(journal, length, random.nextLong(forced + 1), forced);
        } else if (choice < 8) {
            long sequence = journal.lastSequence();
            journal.force();
            forced = sequence;
        } else {
            // A checkpoint at what is forced: the superblock that says so is durable before the room is used.
            released = forced;
            start = new ReplayStart(
                    salt,
                    released + 1,
                    journal.positionAfter(released),
                    journal.crcAfter(released),
                    released,
                    released);
            journal.releaseUpTo(released);
        }
    }

    private ScanResult checkCut(SimDisk after) {
        states++;
        Replayed replayed = Rings.scan(after.device("journal"), start);
        ScanResult result = replayed.result();
        assertThat(result.tailDamagedAtOrBelowForced()).isFalse();
        assertThat(result.lastSequence()).isBetween(forced, journal.lastSequence() + 1);
        assertThat(result.highestForced()).isLessThanOrEqualTo(forced);
        assertThat(replayed.records()).hasSize((int) (result.lastSequence() - released));
        replayed.records().forEach(Rings::assertContent);
        return result;
    }

    /** Goes on from a legal crash state, as recovery does: a new salt, everything found is in a checkpoint. */
    private void crash() {
        SimDisk after = disk.cut(random, CutKind.RANDOM);
        ScanResult found = checkCut(after);
        journal.close();
        disk = after;
        device = after.device("journal");
        salt = random.nextLong();
        begin(found);
    }
}
