package io.blkspc.host.core.crash;

import static org.assertj.core.api.Assertions.assertThat;

import io.blkspc.api.BlockSpace;
import io.blkspc.api.Geometry;
import io.blkspc.api.contract.Seeds;
import io.blkspc.api.contract.TestIo;
import io.blkspc.host.check.CheckReport;
import io.blkspc.host.check.CheckReport.Finding;
import io.blkspc.host.core.HostPool;
import io.blkspc.host.core.Loss;
import io.blkspc.host.core.SimPool;
import io.blkspc.host.sim.InertScheduler;
import io.blkspc.host.sim.SimDisk;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import java.util.function.Predicate;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** Contract D15: a check names all the damage of a pool whose metadata cannot be loaded, not only what it met first. */
class DamagedCheckTest {

    private static final int LEAF_BLOCKS = 256;
    private static final int NODE_LEVEL = 24;
    private static final int NODE_FIRST_BLOCK = 32;

    private final long seed = Seeds.next();
    private SimDisk disk;
    private HostPool pool;

    /** Two volumes whose leaves lie elsewhere in their address spaces, and a snapshot of one of them. */
    @BeforeEach
    void fill() {
        InertScheduler inert = new InertScheduler();
        SimDisk fresh = new SimDisk(inert, seed);
        SimPool.create(fresh, inert, SimPool.geometry(2 << 20, 600, 64 << 10), seed);
        disk = fresh.killImage();
        pool = on(disk).open();
        pool.create("one", 16 << 20);
        pool.create("two", 16 << 20);
        for (int leaf = 0; leaf < 4; leaf++) {
            write("one", leaf);
            write("two", 8 + leaf);
        }
        pool.snapshot(List.of("two@s"));
    }

    private SimPool on(SimDisk image) {
        return SimPool.on(image, new InertScheduler(), seed);
    }

    private void write(String name, int leaf) {
        byte[] bytes = new byte[Geometry.BLOCK_BYTES];
        Arrays.fill(bytes, (byte) 1);
        try (BlockSpace space = pool.open(name)) {
            new TestIo(space).write(leafBytes() * leaf, bytes);
        }
    }

    private static long leafBytes() {
        return Geometry.toBytes(LEAF_BLOCKS);
    }

    private static void flip(SimDisk image, String device, long at) {
        byte[] bytes = image.device(device).peek(at, 1);
        bytes[0] ^= (byte) 0x20;
        image.device(device).poke(at, bytes);
    }

    /** Damages the leaves in which these spans begin, of whatever volume. */
    private static void flipLeaves(SimDisk image, Integer... leaves) {
        Set<Long> found = new TreeSet<>();
        for (OnDiskFields.Instance each : OnDiskFields.of(image)) {
            if (!each.structure().equals("node")) {
                continue;
            }
            ByteBuffer node = ByteBuffer.wrap(image.device("segments").peek(each.at(), each.length()))
                    .order(ByteOrder.LITTLE_ENDIAN);
            long leaf = node.getLong(NODE_FIRST_BLOCK) / LEAF_BLOCKS;
            if (node.get(NODE_LEVEL) == 0 && Arrays.asList(leaves).contains((int) leaf)) {
                found.add(leaf);
                flip(image, "segments", each.at() + each.length() / 2);
            }
        }
        assertThat(found).hasSize(leaves.length);
    }

    private static void flipAll(SimDisk image, String structure) {
        OnDiskFields.of(image).stream()
                .filter(each -> each.structure().equals(structure))
                .forEach(each -> flip(image, each.device(), each.at() + 16));
    }

    private static List<String> places(CheckReport report) {
        return report.findings().stream()
                .filter(each -> each.structure().equals("volume"))
                .map(Finding::where)
                .toList();
    }

    private static String place(String name, int leaf) {
        return name + " offset=" + leaf * leafBytes() + " length=" + leafBytes();
    }

    private static final List<String> FOUR_LEAVES = List.of(
            place("one", 1), place("one", 3), place("two", 8), place("two", 10), place("two@s", 8), place("two@s", 10));

    @Test
    void everyDamagedNodeIsNamedInEachVolumeThatReadsIt() {
        pool.close();
        SimDisk bad = disk.killImage();
        flipLeaves(bad, 1, 3, 8, 10);
        SimDisk before = bad.killImage();

        CheckReport report = on(bad).check(true);

        Finding first = report.findings().getFirst();
        assertThat(first.toString()).matches(".+ offset=[0-9]+: .+ is damaged: offset=[0-9]+.*");
        assertThat(places(report)).containsExactlyInAnyOrderElementsOf(FOUR_LEAVES);
        assertThat(report.findings()).hasSize(1 + FOUR_LEAVES.size());
        assertThat(report.findings())
                .allSatisfy(each -> assertThat(each.problem()).contains("offset="));
        assertThat(report.cleanStop()).isTrue();
        assertThat(report.isClean()).isFalse();
        assertThat(bad.sameBytes(before)).as("a check writes nothing").isTrue();
        assertThat(places(report)).containsExactlyInAnyOrderElementsOf(losses(bad));
    }

    private List<String> losses(SimDisk bad) {
        SimDisk copy = new SimDisk(new InertScheduler(), seed);
        List<String> ranges = new ArrayList<>();
        for (Loss loss : on(bad).repairTo(copy).losses()) {
            if (loss.volume() != null) {
                ranges.add(loss.volume() + " offset=" + loss.offsetBytes() + " length=" + loss.lengthBytes());
            }
        }
        return ranges;
    }

    @Test
    void aDamagedJournalIsNamedBesideTheNodes() {
        pool.checkpoint();
        pool.create("later", 1 << 20);
        pool.create("last", 1 << 20); // says that the one before was forced
        SimDisk bad = disk.killImage();
        flipJournal(bad, "later");
        assertThat(on(bad.killImage()).check(false).findings())
                .singleElement()
                .satisfies(each -> assertThat(each.toString()).startsWith("journal offset="));

        flipLeaves(bad, 1, 3, 8, 10);
        CheckReport report = on(bad).check(false);

        assertThat(places(report)).containsExactlyInAnyOrderElementsOf(FOUR_LEAVES);
        assertThat(lines(report, each -> each.contains("journal is damaged: offset=")))
                .singleElement()
                .asString()
                .startsWith("pool metadata: everything after sequence=");
        assertThat(report.cleanStop()).isFalse();
    }

    private static void flipJournal(SimDisk image, String name) {
        byte[] bytes =
                image.device("journal").peek(0, (int) image.device("journal").sizeBytes());
        String text = new String(bytes, java.nio.charset.StandardCharsets.ISO_8859_1);
        assertThat(text).contains(name);
        flip(image, "journal", text.indexOf(name));
    }

    private static List<String> lines(CheckReport report, Predicate<String> which) {
        return report.findings().stream().map(Finding::toString).filter(which).toList();
    }

    @Test
    void aLostVersionIsNamedBesideTheNodes() {
        pool.close();
        SimDisk bad = disk.killImage();
        flipLeaves(bad, 1);
        flipAll(bad, "version");
        List<String> lines = lines(on(bad).check(false), each -> each.startsWith("pool metadata: VERSION object, id="));
        assertThat(lines).hasSize(3);
    }

    @Test
    void whereNothingCanBeReadOneFindingSaysSo() {
        pool.close();
        SimDisk noSuperblock = disk.killImage();
        flipAll(noSuperblock, "superblock");
        assertThat(on(noSuperblock).check(false).findings())
                .singleElement()
                .satisfies(each -> assertThat(each.toString()).startsWith("superblock offset=0: "));

        SimDisk noDirectory = disk.killImage();
        flipAll(noDirectory, "directory page");
        assertThat(on(noDirectory).check(false).findings())
                .singleElement()
                .satisfies(each ->
                        assertThat(each.toString()).contains("directory").contains("offset="));
    }
}
