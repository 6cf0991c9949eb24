package io.blkspc.host.extent;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.blkspc.api.BlockSpaceException;
import io.blkspc.api.BlockSpaceException.Code;
import io.blkspc.api.CorruptSpaceException;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class ChronicleNodeStoreTest {

    private static final long SEED = Long.getLong("blkspc.seed", 20260101);

    @TempDir
    Path dir;

    private final byte[] image = new byte[NodeFormat.BYTES];
    private final MemorySegment buffer = MemorySegment.ofArray(image);

    @Test
    void onlyTheOwnerMayReadTheFile() throws IOException {
        Path file = dir.resolve("extents.map");
        ChronicleNodeStore.create(file, 100, any -> {}).close();
        assertThat(PosixFilePermissions.toString(Files.getPosixFilePermissions(file)))
                .isEqualTo("rw-------");
        ChronicleNodeStore.deleteAndCreate(file, 100, any -> {}).close();
        assertThat(PosixFilePermissions.toString(Files.getPosixFilePermissions(file)))
                .isEqualTo("rw-------");
    }

    @Test
    void imagesSurviveCloseAndOpenAndAreForcedAfterUnmapping() {
        Path file = dir.resolve("extents.map");
        List<Path> forced = new ArrayList<>();
        try (ChronicleNodeStore store = ChronicleNodeStore.create(file, 100, forced::add)) {
            for (long id = 1; id <= 100; id++) {
                put(store, id, id * 31);
            }
            assertThat(forced).isEmpty();
        }
        assertThat(forced).containsExactly(file);
        try (ChronicleNodeStore store = ChronicleNodeStore.open(file, 100, path -> {})) {
            assertThat(store.size()).isEqualTo(100);
            for (long id = 1; id <= 100; id++) {
                assertThat(holds(store, id, id * 31)).isTrue();
            }
            assertThat(store.read(101, buffer)).isFalse();
            store.remove(7);
            store.remove(7);
            assertThat(store.read(7, buffer)).isFalse();
            assertThat(store.size()).isEqualTo(99);
        }
    }

    /** What Chronicle Map would otherwise generate and compile at its first use comes from the build. */
    @Test
    void valueClassIsTheOneTheBuildMade() throws ReflectiveOperationException {
        ChronicleNodeStore.create(dir.resolve("extents.map"), 100, path -> {}).close();

        Class<?> made = Class.forName("net.openhft.chronicle.hash.VanillaGlobalMutableState$$Native");

        assertThat(made.getProtectionDomain().getCodeSource().getLocation())
                .isEqualTo(ChronicleNodeStore.class
                        .getProtectionDomain()
                        .getCodeSource()
                        .getLocation());
    }

    /** A store that grows could fail while growing: so it must hold all it promised, in the file it was created with. */
    @Test
    void isFullOnlyAboveItsLimitAndNeverGrowsWhateverTheChurn() throws IOException {
        System.out.println("blkspc.seed=" + SEED);
        Random random = new Random(SEED);
        fillAndChurn(1, 1, 300, random);
        fillAndChurn(777, 1, 3_000, random);
        fillAndChurn(6_000, 8, 9_000, random);
    }

    private void fillAndChurn(int maxNodes, int segments, int changes, Random random) throws IOException {
        Path file = dir.resolve("extents-" + maxNodes);
        try (ChronicleNodeStore store = ChronicleNodeStore.create(file, maxNodes, segments, path -> {})) {
            long sizeAtCreate = Files.size(file);
            long[] ids = new long[maxNodes];
            long nextId = 1L + random.nextInt(1_000_000);
            for (int index = 0; index < maxNodes; index++) {
                ids[index] = nextId++;
                put(store, ids[index], ids[index]);
            }
            for (int change = 0; change < changes; change++) {
                int index = random.nextInt(maxNodes);
                store.remove(ids[index]);
                ids[index] = nextId++;
                put(store, ids[index], ids[index]);
                put(store, ids[random.nextInt(maxNodes)], -1);
            }
            assertThat(store.size()).isEqualTo(maxNodes);
            for (long id : ids) {
                assertThat(store.read(id, buffer)).isTrue();
            }
            assertThat(Files.size(file)).isEqualTo(sizeAtCreate);
        }
    }

    @Test
    void aStoreThatIsOverfilledSaysCorruptSoThatItIsRebuilt() {
        Path file = dir.resolve("extents.map");
        try (ChronicleNodeStore store = ChronicleNodeStore.create(file, 10, path -> {})) {
            for (long id = 1; id <= 10; id++) {
                put(store, id, id);
            }
            assertThatThrownBy(() -> put(store, 11, 11))
                    .isInstanceOfSatisfying(
                            CorruptSpaceException.class,
                            e -> assertThat(e.code()).isEqualTo(Code.CORRUPT));
        }
    }

    @Test
    void itsFileIsAllocatedAtCreate() throws IOException, InterruptedException {
        Path file = dir.resolve("extents.map");
        try (ChronicleNodeStore store = ChronicleNodeStore.create(file, 5_000, path -> {})) {
            assertThat(store.size()).isZero();
            Process stat = new ProcessBuilder("stat", "-c", "%b", file.toString()).start();
            String blocks = new String(stat.getInputStream().readAllBytes(), StandardCharsets.US_ASCII).strip();
            assertThat(stat.waitFor()).isZero();
            assertThat(Long.parseLong(blocks) * 512).isGreaterThanOrEqualTo(Files.size(file));
            assertThat(Files.size(file)).isGreaterThan(5_000L * NodeFormat.BYTES);
        }
    }

    @Test
    void createRefusesAFileAndDeleteAndCreateReplacesIt() {
        Path file = dir.resolve("extents.map");
        assertThatThrownBy(() -> ChronicleNodeStore.open(file, 10, path -> {}))
                .isInstanceOfSatisfying(
                        BlockSpaceException.class, e -> assertThat(e.code()).isEqualTo(Code.NOT_FOUND));
        try (ChronicleNodeStore store = ChronicleNodeStore.create(file, 10, path -> {})) {
            put(store, 1, 1);
        }
        assertThatThrownBy(() -> ChronicleNodeStore.create(file, 10, path -> {}))
                .isInstanceOfSatisfying(
                        BlockSpaceException.class, e -> assertThat(e.code()).isEqualTo(Code.EXISTS));
        try (ChronicleNodeStore store = ChronicleNodeStore.deleteAndCreate(file, 10, path -> {})) {
            assertThat(store.size()).isZero();
        }
    }

    @Test
    void aStoreThatCannotFitIsRefusedAtCreateAndLeavesNoFile() throws IOException {
        Path file = dir.resolve("extents.map");
        long tooMany = Files.getFileStore(dir).getTotalSpace() / NodeFormat.BYTES + 1;
        assertThatThrownBy(() -> ChronicleNodeStore.create(file, tooMany, path -> {}))
                .isInstanceOfSatisfying(
                        BlockSpaceException.class, e -> assertThat(e.code()).isEqualTo(Code.OUT_OF_BACKING));
        assertThat(file).doesNotExist();
    }

    @Test
    void aFileThatIsNoMapIsAnErrorAndNotAWait() throws IOException {
        Path file = dir.resolve("extents.map");
        try (ChronicleNodeStore store = ChronicleNodeStore.create(file, 10, path -> {})) {
            put(store, 1, 1);
        }
        byte[] bytes = Files.readAllBytes(file);
        bytes[20] ^= 0x55;
        Files.write(file, bytes);
        assertThatThrownBy(() -> ChronicleNodeStore.open(file, 10, path -> {})).isInstanceOf(BlockSpaceException.class);
    }

    private void put(NodeStore store, long id, long content) {
        java.util.Arrays.fill(image, (byte) content);
        buffer.set(ValueLayout.JAVA_LONG_UNALIGNED, 8, content);
        store.put(id, buffer);
    }

    private boolean holds(NodeStore store, long id, long content) {
        java.util.Arrays.fill(image, (byte) 0);
        return store.read(id, buffer)
                && buffer.get(ValueLayout.JAVA_LONG_UNALIGNED, 8) == content
                && image[NodeFormat.BYTES - 1] == (byte) content;
    }
}
