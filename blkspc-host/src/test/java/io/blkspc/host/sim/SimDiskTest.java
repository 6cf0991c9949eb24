package io.blkspc.host.sim;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.blkspc.api.BlockDevice;
import io.blkspc.api.BlockSpaceException;
import io.blkspc.api.BlockSpaceException.Code;
import io.blkspc.api.IoRole;
import io.blkspc.host.sched.Scheduler;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashSet;
import java.util.List;
import java.util.Random;
import java.util.Set;
import java.util.TreeSet;
import org.junit.jupiter.api.Test;

class SimDiskTest {

    private static final int SECTOR = 512;
    private static final IoRole ROLE = IoRole.JOURNAL;
    private final SimDisk disk = new SimDisk(new InertScheduler(), 1);

    private static byte[] sectors(int count, int value) {
        byte[] bytes = new byte[count * SECTOR];
        Arrays.fill(bytes, (byte) value);
        return bytes;
    }

    private static byte[] read(BlockDevice device, int sector, int count) {
        return Transfers.read(device, (long) sector * SECTOR, count * SECTOR, ROLE);
    }

    private static void write(BlockDevice device, int sector, byte[] bytes) {
        Transfers.write(device, (long) sector * SECTOR, bytes, ROLE);
    }

    @Test
    void writeIsSeenAtOnceAndForcedWriteSurvivesEveryCut() {
        SimDevice device = disk.create("journal", 1 << 20);
        write(device, 3, sectors(4, 7));
        assertThat(read(device, 3, 4)).isEqualTo(sectors(4, 7));
        device.force(ROLE);
        write(device, 100, sectors(1, 8));
        Random choice = new Random(5);
        for (CutKind kind : CutKind.values()) {
            SimDevice after = disk.cut(choice, kind).device("journal");
            assertThat(read(after, 3, 4)).as("%s", kind).isEqualTo(sectors(4, 7));
            assertThat(read(after.openMedium(), 3, 4)).isEqualTo(sectors(4, 7));
        }
    }

    @Test
    void cutKindsKeepWhatTheySay() {
        SimDevice a = disk.create("a", 64 * SECTOR);
        SimDevice b = disk.create("b", 64 * SECTOR);
        for (int i = 0; i < 4; i++) {
            write(i % 2 == 0 ? a : b, i, sectors(1, i + 1));
        }
        assertThat(survivors(CutKind.NONE)).isEmpty();
        assertThat(survivors(CutKind.ALL)).containsExactly(0, 1, 2, 3);
        assertThat(survivors(CutKind.ONLY_LAST)).containsExactly(3);
        assertThat(survivors(CutKind.NEWEST_HALF)).containsExactly(2, 3);
        assertThat(survivors(CutKind.ALL_BUT_ONE)).hasSize(3);
        assertThat(read(disk.device("a"), 0, 1)).isEqualTo(sectors(1, 1));
    }

    private Set<Integer> survivors(CutKind kind) {
        SimDisk after = disk.cut(new Random(1), kind);
        Set<Integer> kept = new TreeSet<>();
        for (int i = 0; i < 4; i++) {
            byte[] found = read(after.device(i % 2 == 0 ? "a" : "b"), i, 1);
            if (Arrays.equals(found, sectors(1, i + 1))) {
                kept.add(i);
            } else {
                assertThat(found).isEqualTo(sectors(1, 0));
            }
        }
        return kept;
    }

    /** Every history of writes and forces over few sectors, against a model that knows only the contract. */
    @Test
    void legalStatesAreExactlyThoseOfTheContract() {
        for (int seed = 0; seed < 300; seed++) {
            Random random = new Random(seed);
            SimDisk history = new SimDisk(new InertScheduler(), seed).tearOneIn(0);
            SimDevice[] devices = {history.create("a", 4 * SECTOR), history.create("b", 4 * SECTOR)};
            List<List<Integer>> possible = new ArrayList<>();
            for (int s = 0; s < 8; s++) {
                possible.add(new ArrayList<>(List.of(0)));
            }
            for (int op = 1; op <= 9 && history.pendingSectors() <= 9; op++) {
                int which = random.nextInt(2);
                if (random.nextInt(4) == 0) {
                    devices[which].force(ROLE);
                    for (int s = which * 4; s < which * 4 + 4; s++) {
                        possible.set(s, new ArrayList<>(List.of(possible.get(s).getLast())));
                    }
                } else {
                    int first = random.nextInt(4);
                    int count = 1 + random.nextInt(Math.min(3, 4 - first));
                    write(devices[which], first, sectors(count, op));
                    for (int s = first; s < first + count; s++) {
                        possible.get(which * 4 + s).add(op);
                    }
                }
            }
            Set<List<Integer>> expected = product(possible);
            assertThat(history.legalStates()).as("seed=%s", seed).isEqualTo(expected.size());
            Set<List<Integer>> found = new HashSet<>();
            for (long number = 0; number < history.legalStates(); number++) {
                found.add(state(history.legalState(number)));
            }
            assertThat(found).as("seed=%s", seed).isEqualTo(expected);
            for (CutKind kind : CutKind.values()) {
                for (int i = 0; kind != CutKind.TORN_SECTOR && i < 5; i++) {
                    assertThat(expected).contains(state(history.cut(random, kind)));
                }
            }
        }
    }

    private static Set<List<Integer>> product(List<List<Integer>> possible) {
        Set<List<Integer>> states = new HashSet<>(Set.of(List.of()));
        for (List<Integer> versions : possible) {
            Set<List<Integer>> longer = new HashSet<>();
            for (List<Integer> state : states) {
                for (int version : versions) {
                    List<Integer> next = new ArrayList<>(state);
                    next.add(version);
                    longer.add(next);
                }
            }
            states = longer;
        }
        return states;
    }

    private static List<Integer> state(SimDisk disk) {
        List<Integer> values = new ArrayList<>(values(disk.device("a"), 4));
        values.addAll(values(disk.device("b"), 4));
        return values;
    }

    /** One value per sector, each of which must be uniform. */
    private static List<Integer> values(BlockDevice device, int count) {
        List<Integer> values = new ArrayList<>();
        for (int s = 0; s < count; s++) {
            byte[] sector = read(device, s, 1);
            assertThat(sector).isEqualTo(sectors(1, sector[0]));
            values.add((int) sector[0]);
        }
        return values;
    }

    @Test
    void randomCutsReachEveryMixtureOfVersions() {
        SimDevice device = disk.create("a", 4 * SECTOR);
        disk.create("b", 4 * SECTOR);
        write(device, 0, sectors(2, 1));
        write(device, 1, sectors(2, 2));
        Set<List<Integer>> found = new HashSet<>();
        Random choice = new Random(9);
        for (int i = 0; i < 2_000; i++) {
            found.add(state(disk.cut(choice, CutKind.RANDOM)));
        }
        assertThat(disk.legalStates()).isEqualTo(2 * 3 * 2);
        assertThat(found).hasSize(12);
    }

    @Test
    void forceCoversExactlyWhatHadReturnedWhenItBegan() {
        int lost = 0;
        for (int seed = 0; seed < 200; seed++) {
            SimScheduler scheduler = new SimScheduler(seed);
            SimDisk torn = new SimDisk(scheduler, seed).tearOneIn(seed % 2);
            SimDevice device = torn.create("a", 64 * SECTOR);
            boolean[] returned = {false};
            boolean[] isCovered = {false};
            // Asked at the very moment a force begins.
            torn.faults(event -> {
                isCovered[0] |= event.op() == IoOp.FORCE && returned[0];
                return null;
            });
            scheduler.spawn("write", () -> {
                write(device, 0, sectors(8, 1));
                returned[0] = true;
            });
            scheduler.spawn("force", () -> device.force(ROLE));
            scheduler.run();
            List<Integer> after =
                    values(torn.cut(new Random(seed), CutKind.NONE).device("a"), 8);
            assertThat(after).as("seed=%s", seed).containsOnly(isCovered[0] ? 1 : 0);
            lost += isCovered[0] ? 0 : 1;
        }
        assertThat(lost).isBetween(1, 199);
    }

    /** Sectors written by a call still under way cannot come back over a newer write that is durable. */
    @Test
    void durableWriteIsNotUndoneByAnOlderOneInFlight() {
        int overtaken = 0;
        for (int seed = 0; seed < 500; seed++) {
            SimScheduler scheduler = new SimScheduler(seed);
            SimDisk torn = new SimDisk(scheduler, seed).tearOneIn(1);
            SimDevice device = torn.create("a", 64 * SECTOR);
            List<String> begun = new ArrayList<>();
            torn.faults(event -> {
                begun.add(event.op() + " " + event.lengthBytes());
                return null;
            });
            boolean[] isOldDone = {false};
            scheduler.spawn("old", () -> {
                write(device, 0, sectors(8, 1));
                isOldDone[0] = true;
            });
            int[] found = {0};
            scheduler.spawn("new", () -> {
                write(device, 0, sectors(9, 2));
                device.force(ROLE);
                boolean isOvertaken = begun.getFirst().equals("WRITE 4096") && begun.size() == 3 && !isOldDone[0];
                if (isOvertaken && new HashSet<>(values(device.peek(0, 8 * SECTOR))).equals(Set.of(2))) {
                    found[0]++;
                    Random choice = new Random(9);
                    for (int i = 0; i < 20; i++) {
                        assertThat(values(torn.cut(choice, CutKind.RANDOM).device("a"), 8))
                                .containsOnly(2);
                    }
                    assertThat(torn.pendingSectors()).isZero();
                }
            });
            scheduler.run();
            overtaken += found[0];
        }
        assertThat(overtaken).isPositive();
    }

    private static List<Integer> values(byte[] bytes) {
        List<Integer> values = new ArrayList<>();
        for (int at = 0; at < bytes.length; at += SECTOR) {
            values.add((int) bytes[at]);
        }
        return values;
    }

    @Test
    void killKeepsThePageCacheAndPowerMayStillTakeIt() {
        SimDevice device = disk.create("a", 64 * SECTOR);
        write(device, 5, sectors(1, 9));
        SimDisk killed = disk.killImage();
        assertThat(read(killed.device("a"), 5, 1)).isEqualTo(sectors(1, 9));
        assertThat(read(killed.cut(new Random(1), CutKind.NONE).device("a"), 5, 1))
                .isEqualTo(sectors(1, 0));
        killed.device("a").force(ROLE);
        assertThat(read(killed.cut(new Random(1), CutKind.NONE).device("a"), 5, 1))
                .isEqualTo(sectors(1, 9));
        assertThat(disk.pendingSectors()).isEqualTo(1);
    }

    @Test
    void failedForceLosesPagesThatStayVisibleAndOnlyTheMediumTells() {
        SimDevice device = disk.create("a", 64 * SECTOR);
        write(device, 0, sectors(32, 3));
        disk.faults(event -> event.op() == IoOp.FORCE ? Fault.EIO : null);
        assertFails(Code.IO, () -> device.force(ROLE));
        disk.faults(FaultInjector.NONE);
        assertFails(Code.FAILED, () -> device.force(ROLE));
        assertFails(Code.FAILED, () -> write(device, 0, sectors(1, 1)));
        assertThat(read(device, 0, 32)).isEqualTo(sectors(32, 3));

        SimDevice restarted = disk.killImage().device("a");
        restarted.force(ROLE);
        assertThat(read(restarted, 0, 32)).isEqualTo(sectors(32, 3));
        assertThat(read(restarted.openMedium(), 0, 32)).isNotEqualTo(sectors(32, 3));
        assertThat(read(restarted.openMedium(), 0, 32)).contains((byte) 3, (byte) 0);
    }

    private static void assertFails(Code code, Runnable call) {
        assertThatThrownBy(call::run)
                .isInstanceOfSatisfying(
                        BlockSpaceException.class, e -> assertThat(e.code()).isEqualTo(code));
    }

    @Test
    void fullBackingWritesAPartAtMostAndDoesNotFailTheDevice() {
        SimDevice device = disk.create("a", 64 * SECTOR);
        disk.faults(FaultInjector.once(1, Fault.ENOSPC));
        assertFails(Code.OUT_OF_BACKING, () -> write(device, 0, sectors(4, 1)));
        assertThat(device.isFailed()).isFalse();
        assertThat(Arrays.copyOfRange(read(device, 0, 4), 3 * SECTOR, 4 * SECTOR))
                .containsOnly((byte) 0);
        write(device, 0, sectors(4, 2));
        assertThat(read(device, 0, 4)).isEqualTo(sectors(4, 2));
    }

    @Test
    void shortWriteFailsAndProgressSaysHowFar() {
        SimDevice device = disk.create("a", 64 * SECTOR);
        disk.faults(FaultInjector.sticky(1, Fault.SHORT));
        var transfer = Transfers.of(0, sectors(8, 1));
        assertFails(Code.IO, () -> device.write(transfer, ROLE));
        disk.faults(FaultInjector.NONE);
        int done = (int) transfer.progressBytes();
        assertThat(Arrays.copyOf(read(device, 0, 8), done)).containsOnly((byte) 1);
        assertThat(device.isFailed()).isTrue();
    }

    @Test
    void copiesDoNotShareWrites() {
        SimDevice device = disk.create("a", 1 << 20);
        write(device, 0, sectors(16, 1));
        device.force(ROLE);
        SimDisk copy = disk.cut(new Random(1), CutKind.ALL);
        write(copy.device("a"), 0, sectors(16, 2));
        write(device, 8, sectors(8, 3));
        assertThat(read(device, 0, 8)).isEqualTo(sectors(8, 1));
        assertThat(read(copy.device("a"), 0, 16)).isEqualTo(sectors(16, 2));
        assertThat(copy.sameBytes(disk)).isFalse();
        assertThat(disk.killImage().sameBytes(disk)).isTrue();
    }

    @Test
    void damageIsFoundEverywhere() {
        SimDevice device = disk.create("a", 1 << 20);
        write(device, 0, sectors(16, 1));
        device.flipBit(700, 3);
        for (SimDisk image : List.of(disk, disk.killImage(), disk.cut(new Random(1), CutKind.ALL))) {
            assertThat(image.device("a").peek(700, 1)[0]).isEqualTo((byte) 9);
        }
    }

    @Test
    void sameSeedMakesSameIoAndSameImage() {
        for (long seed = 0; seed < 20; seed++) {
            SimDisk first = workload(seed);
            SimDisk second = workload(seed);
            assertThat(second.traceHash()).isEqualTo(first.traceHash());
            assertThat(second.sameBytes(first)).isTrue();
            assertThat(first.count(ROLE, IoOp.FORCE)).isEqualTo(12);
            assertThat(first.bytes(ROLE, IoOp.WRITE)).isEqualTo(3 * 8 * 16 * SECTOR);
        }
        assertThat(workload(1).traceHash()).isNotEqualTo(workload(2).traceHash());
    }

    private static SimDisk workload(long seed) {
        SimScheduler scheduler = new SimScheduler(seed);
        SimDisk disk = new SimDisk(scheduler, seed);
        SimDevice device = disk.create("a", 64 << 20);
        for (int t = 0; t < 3; t++) {
            int value = t + 1;
            scheduler.spawn("writer" + t, () -> work(scheduler, device, value));
        }
        scheduler.run();
        return disk;
    }

    private static void work(Scheduler scheduler, SimDevice device, int value) {
        for (int i = 0; i < 8; i++) {
            write(device, i * 8, sectors(16, value));
            scheduler.pause(50);
            if (i % 2 == 0) {
                device.force(ROLE);
            }
        }
    }
}
