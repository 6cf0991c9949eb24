package io.blkspc.host.core;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.blkspc.api.BlockSpace;
import io.blkspc.api.BlockSpaceException;
import io.blkspc.api.BlockSpaceException.Code;
import io.blkspc.api.CorruptSpaceException;
import io.blkspc.api.Quota;
import io.blkspc.api.ReservationInfo;
import io.blkspc.api.VolumeInfo;
import io.blkspc.api.client.SpaceIo;
import io.blkspc.api.contract.Seeds;
import io.blkspc.api.contract.TestIo;
import io.blkspc.host.check.SpaceCheck;
import io.blkspc.host.sim.InertScheduler;
import io.blkspc.host.sim.SimDisk;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.OutputStream;
import java.util.Arrays;
import java.util.List;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;

/** A dump is the whole pool: restored it is equal, and no damaged one passes. */
class DumpTest {

    private static final int HISTORIES =
            Integer.getInteger("blkspc.dumpHistories", Boolean.getBoolean("blkspc.release") ? 10_000 : 30);

    private final InertScheduler inert = new InertScheduler();

    @Test
    void restoredPoolEqualsTheDumpedOneAfterAnyHistory() {
        VersionHistory.Counts counts = new VersionHistory.Counts();
        long first = Seeds.next();
        for (long i = 0; i < HISTORIES; i++) {
            long seed = first + i;
            try {
                new VersionHistory(seed, counts).withDumps().run(40);
            } catch (AssertionError e) {
                throw new AssertionError("-Dblkspc.seed=" + seed + " " + e.getMessage(), e);
            }
        }
        System.out.println("dumps: " + counts);
        assertThat(counts.dumps).isGreaterThan(HISTORIES);
    }

    private SimPool newPool() {
        return SimPool.create(new SimDisk(inert, 1), inert, SimPool.geometry(4 << 20, 1_200, 128 << 10), 2);
    }

    /** Guarantees, limits, tags, a size that changed, blocks that were never written, a clone and its snapshot. */
    private static HostPool fill(HostPool pool) {
        pool.create("a", 1 << 20, new Quota(256 << 10, 512 << 10));
        writeTo(pool, "a", 0, 8, 1);
        pool.snapshot(List.of("a@one"));
        pool.hold("kept", "a@one");
        pool.hold("also", "a@one");
        writeTo(pool, "a", 2, 2, 2);
        pool.clone("a@one", List.of("b"), Quota.NONE);
        writeTo(pool, "b", 40, 3, 3);
        pool.snapshot(List.of("a@two", "b@two"));
        pool.resize("b", 2 << 20, false);
        pool.resize("a", 512 << 10, true);
        try (BlockSpace space = pool.open("b")) {
            SpaceIo.on(space).preallocate(400 * 4096L, 4 * 4096L);
        }
        writeTo(pool, "b", 401, 1, 4);
        pool.create("empty", 64 << 10);
        return pool;
    }

    private static void writeTo(HostPool pool, String name, long block, int count, int token) {
        byte[] bytes = new byte[count * 4096];
        for (int i = 0; i < count; i++) {
            Arrays.fill(bytes, i * 4096, (i + 1) * 4096, (byte) (16 * token + i));
        }
        try (BlockSpace space = pool.open(name)) {
            new TestIo(space).write(block * 4096, bytes);
        }
    }

    private HostPool restored(byte[] dump) {
        return SimPool.restore(new ByteArrayInputStream(dump), new SimDisk(inert, 3), inert, 4)
                .open();
    }

    private static byte[] dumpOf(HostPool pool) {
        ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        pool.dump(bytes, 77, _ -> {});
        return bytes.toByteArray();
    }

    @Test
    void optionsTagsSizesAndReservationsComeBack() {
        HostPool pool = fill(newPool().open());
        byte[] dump = dumpOf(pool);
        HostPool restored = restored(dump);
        pool.awaitReclaim();
        assertThat(restored.list()).isEqualTo(pool.list());
        assertThat(guarantees(restored)).isEqualTo(guarantees(pool)).isNotEmpty();
        assertThat(restored.status().promisedBytes()).isEqualTo(pool.status().promisedBytes());
        assertThat(restored.status().allocatedBytes()).isEqualTo(pool.status().allocatedBytes());
        assertThat(restored.status().sizeBytes()).isEqualTo(pool.status().sizeBytes());
        assertThat(restored.changedSince("b", "a@one", 0)).isEqualTo(pool.changedSince("b", "a@one", 0));
        assertThat(restored.inspect(inspection -> SpaceCheck.run(inspection, true))
                        .findings())
                .isEmpty();
        assertThatThrownBy(() -> restored.destroy(List.of("a@one"), true)).hasMessageContaining("is held");
        // Restored and dumped again it says the same, except when and who.
        HostPool again = restored(dumpOf(restored));
        assertThat(again.list()).isEqualTo(pool.list());
        restored.create("c", 1 << 20);
        assertThat(restored.engine().catalogue.require("c").id)
                .isGreaterThanOrEqualTo(pool.engine().catalogue.nextVersionId() - 4);
    }

    private static List<String> guarantees(HostPool pool) {
        return pool.reservations().stream().map(ReservationInfo::toString).toList();
    }

    @Test
    void clientsGoOnWhileADumpIsWrittenAndItHoldsOneMoment() {
        HostPool pool = fill(newPool().open());
        ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        int[] written = new int[1];
        pool.dump(
                new OutputStream() {
                    @Override
                    public void write(int single) {
                        throw new IllegalStateException("records are written whole");
                    }

                    @Override
                    public void write(byte[] from, int offset, int length) {
                        if (written[0]++ < 12) { // new data, new names, new versions, and blocks given away and taken
                            writeTo(pool, "a", written[0] % 8, 1, 9);
                            try (BlockSpace space = pool.open("b")) {
                                space.discard(0, 4 * 4096);
                            }
                            pool.snapshot(List.of("b@later" + written[0]));
                            pool.awaitReclaim();
                            pool.checkpoint();
                            assertThatThrownBy(() -> pool.destroy(List.of("a@two"), true))
                                    .isInstanceOfSatisfying(
                                            BlockSpaceException.class,
                                            e -> assertThat(e.code()).isEqualTo(Code.BUSY))
                                    .hasMessageContaining("is being dumped");
                        }
                        if (written[0] == 12) {
                            pool.destroy(List.of("empty"), false);
                            pool.rename("a", "z");
                        }
                        bytes.write(from, offset, length);
                    }
                },
                77,
                _ -> {});
        assertThat(written[0]).isGreaterThan(12);
        HostPool restored = restored(bytes.toByteArray());
        HostPool expected = fill(newPool().open());
        expected.awaitReclaim();
        assertThat(restored.list().stream()
                        .map(info -> info.name() + info.mappedBytes())
                        .toList())
                .isEqualTo(expected.list().stream()
                        .map(info -> info.name() + info.mappedBytes())
                        .toList());
        for (String name : List.of("a", "b", "a@one", "a@two", "b@two", "empty")) {
            assertThat(content(restored, name)).as(name).isEqualTo(content(expected, name));
        }
        assertThat(pool.list()).noneMatch(info -> info.name().contains("@dump-"));
        pool.destroy(List.of("z@two"), false); // can be destroyed again
    }

    private static byte[] content(HostPool pool, String name) {
        try (BlockSpace space = pool.open(name)) {
            return new TestIo(space).read(0, Math.toIntExact(space.sizeBytes()));
        }
    }

    @Test
    void emptyPoolIsDumpedToo() {
        HostPool restored = restored(dumpOf(newPool().open()));
        assertThat(restored.list()).isEmpty();
        EngineFacts.requireEmpty(restored);
    }

    // ---- damage ----

    private byte[] someDump() {
        return dumpOf(fill(newPool().open()));
    }

    private static CorruptSpaceException refusal(byte[] dump) {
        InertScheduler inert = new InertScheduler();
        SimDisk target = new SimDisk(inert, 3);
        try {
            SimPool.restore(new ByteArrayInputStream(dump), target, inert, 4);
        } catch (CorruptSpaceException refused) {
            assertNoPool(target);
            return refused;
        }
        throw new AssertionError("restored");
    }

    /** Whatever was written before the refusal, nobody takes it for a pool. */
    private static void assertNoPool(SimDisk target) {
        InertScheduler inert = new InertScheduler();
        assertThatThrownBy(() -> SimPool.on(target.killImage(), inert, 5).open())
                .isInstanceOfAny(BlockSpaceException.class, IllegalArgumentException.class); // or no devices at all
    }

    @Test
    void dumpThatEndsTooSoonIsRefusedWithItsLength() {
        byte[] dump = someDump();
        SplittableRandom random = new SplittableRandom(Seeds.next());
        for (int i = 0; i < 100; i++) {
            int length = i == 0 ? 0 : i == 1 ? dump.length - 1 : random.nextInt(dump.length);
            assertThat(refusal(Arrays.copyOf(dump, length)))
                    .hasMessageContaining("truncated, bytes=" + length)
                    .hasMessageContaining("dump record is damaged: offset=");
        }
        assertThat(refusal(Arrays.copyOf(dump, dump.length + 1))).hasMessageContaining("behind the end");
    }

    @Test
    void everyDamagedRecordIsRefusedWithItsOffset() {
        byte[] dump = someDump();
        SplittableRandom random = new SplittableRandom(Seeds.next());
        for (DumpRecords.Place place : DumpRecords.of(dump)) {
            for (int field : DumpRecords.fieldOffsets(place)) {
                byte[] damaged = dump.clone();
                damaged[(int) place.offset() + field] ^= (byte) (1 << random.nextInt(8));
                CorruptSpaceException refused = refusal(damaged);
                assertThat(refused.structure()).startsWith("dump record");
                if (refused.offsetBytes() != place.offset()) { // a length that is too long swallows what follows
                    assertThat(refused).hasMessageContaining("truncated");
                }
            }
        }
    }

    @Test
    void recordsThatAreLeftOutRepeatedOrOfAnotherDumpAreRefused() {
        byte[] dump = someDump();
        byte[] other = dump.clone();
        DumpRecords.of(other).forEach(place -> DumpRecords.setDumpId(other, place, 78));
        List<DumpRecords.Place> places = DumpRecords.of(dump);
        for (DumpRecords.Place place : places) {
            assertThat(refusal(DumpRecords.without(dump, place)).offsetBytes()).isEqualTo(place.offset());
            assertThat(refusal(DumpRecords.twice(dump, place)).offsetBytes())
                    .isIn(place.offset() + place.length(), place.offset()); // behind the end: of the last one
            if (place.offset() > 0) {
                byte[] mixed = dump.clone();
                System.arraycopy(other, (int) place.offset(), mixed, (int) place.offset(), (int) place.length());
                assertThat(refusal(mixed)).hasMessageContaining("another dump");
            }
        }
    }

    @Test
    void dumpWithoutSomeOfItsBlocksIsRefused() {
        byte[] dump = someDump();
        List<DumpRecords.Place> data =
                DumpRecords.of(dump).stream().filter(place -> place.type() == 4).toList();
        assertThat(data).isNotEmpty();
        for (DumpRecords.Place place : data) {
            assertThat(refusal(DumpRecords.asIfWithout(dump, place))).hasMessageContaining("counts=");
        }
    }

    /** Checksums are right, but what is said cannot be. */
    @Test
    void dumpThatContradictsItselfIsRefused() {
        byte[] dump = someDump();
        SplittableRandom random = new SplittableRandom(Seeds.next());
        int refused = 0;
        int taken = 0;
        for (DumpRecords.Place place : DumpRecords.of(dump)) {
            for (int offset : DumpRecords.payloadWords(place)) {
                for (long value : DumpRecords.valuesFor(dump, place, offset, random)) {
                    byte[] changed = DumpRecords.with(dump, place, offset, value);
                    try {
                        HostPool pool = restored(changed);
                        assertThat(pool.inspect(SpaceCheck::run).findings()).isEmpty();
                        taken++;
                    } catch (BlockSpaceException e) {
                        assertThat(e.code()).isIn(Code.NEEDS_CHECK, Code.TOO_NEW, Code.OUT_OF_BACKING);
                        refused++;
                    }
                }
            }
        }
        System.out.println("dumps that contradict themselves: refused=" + refused + ", harmless=" + taken);
        assertThat(refused).isGreaterThan(100);
    }

    @Test
    void damagedPoolIsNotDumped() {
        SimDisk disk = new SimDisk(inert, 1);
        HostPool pool = fill(SimPool.create(disk, inert, SimPool.geometry(4 << 20, 1_200, 128 << 10), 2)
                .open());
        pool.close();
        SimDisk image = disk.killImage();
        SplittableRandom random = new SplittableRandom(Seeds.next());
        byte[] intact =
                image.device("segments").peek(0, (int) image.device("segments").sizeBytes());
        int maps = 0;
        for (int i = 0; i < 60; i++) {
            int at = random.nextInt(intact.length);
            while (intact[at] == 0) { // most of it was never written
                at = random.nextInt(intact.length);
            }
            byte[] segments = intact.clone();
            for (int k = at; k < Math.min(segments.length, at + 64); k++) {
                segments[k] ^= (byte) 0x5a;
            }
            SimDisk damaged = image.killImage();
            damaged.device("segments").poke(0, segments);
            ByteArrayOutputStream bytes = new ByteArrayOutputStream();
            try {
                SimPool.on(damaged, inert, 5).dump(bytes);
            } catch (BlockSpaceException e) {
                assertThat(e.code()).isIn(Code.NEEDS_CHECK, Code.CORRUPT);
                maps += e.getMessage().contains("cannot be dumped") ? 1 : 0;
                continue;
            }
            HostPool expected = pool(image);
            HostPool found = restored(bytes.toByteArray());
            assertThat(found.list()).isEqualTo(expected.list());
            for (VolumeInfo info : expected.list()) {
                assertThat(content(found, info.name())).as(info.name()).isEqualTo(content(expected, info.name()));
            }
        }
        System.out.println("damaged pools refused for their maps: " + maps);
        assertThat(maps).as("damage of a map that the catalogue does not show").isPositive();
    }

    private HostPool pool(SimDisk image) {
        return SimPool.on(image.killImage(), inert, 6).open();
    }
}
