package io.blkspc.xfsish.file;

import static io.blkspc.api.contract.Fixture.BLOCK;
import static org.assertj.core.api.Assertions.assertThat;

import io.blkspc.api.BlockSpace;
import io.blkspc.api.BlockSpaceException;
import io.blkspc.api.BlockSpaceException.Code;
import io.blkspc.api.contract.Fixture;
import io.blkspc.api.contract.Seeds;
import io.blkspc.api.contract.TestIo;
import io.blkspc.api.model.ModelHost;
import io.blkspc.api.model.ModelOptions;
import io.blkspc.xfsish.check.FileSystemCheck;
import io.blkspc.xfsish.format.BlockHeader;
import io.blkspc.xfsish.format.BlockKind;
import io.blkspc.xfsish.format.Extent;
import io.blkspc.xfsish.format.InodeFields;
import io.blkspc.xfsish.format.InodeRecord;
import io.blkspc.xfsish.format.InodeRecord.ForkFormat;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;
import java.util.UUID;
import java.util.function.Consumer;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** Damage of every structure, with a wrong checksum and with a right one; the check finds it, a mount hands out nothing of it. */
class PlantedDamageTest implements ModelHost {

    private static final UUID ID = new UUID(1, 2);
    private static final int TRIES = Boolean.getBoolean("blkspc.release") ? 20_000 : 300;

    private Fixture fixture;
    private BlockSpace space;
    private TestIo io;
    /** Metadata blocks by kind; those of inodes have none. */
    private final List<Long> metadata = new ArrayList<>();

    private final List<Long> inodeBlocks = new ArrayList<>();

    @Override
    public ModelOptions options() {
        return ModelOptions.defaults();
    }

    @BeforeEach
    void make() {
        fixture = fixture(FileSystemOracleTest.POOL);
        space = fixture.space();
        io = fixture.io();
        FileSystemOracleTest.mkfs(space, 1000);
        try (FileSystem files = FileSystemOracleTest.mount(space)) {
            TreeDriver driver = new TreeDriver(new SplittableRandom(11), files);
            driver.maxFile = 30_000;
            driver.maxNames = 30;
            for (int i = 0; i < 400; i++) {
                driver.step();
            }
            files.create("/leaves", 0644);
            for (int i = 0; i < 60; i++) { // every other block: extents that do not fit into the inode
                files.write("/leaves", 2L * i * BLOCK, TreeDriver.segment(new byte[] {1}), 0, 1);
            }
            files.setAttribute("/leaves", "user.a", new byte[] {1});
        }
        FileSystemOracleTest.clean(space);
        for (long block = 0; block < space.sizeBytes() / BLOCK; block++) {
            MemorySegment bytes = MemorySegment.ofArray(io.read(block * BLOCK, BLOCK));
            for (BlockKind kind : BlockKind.values()) {
                if (kind != BlockKind.LOG && BlockHeader.is(bytes, kind) && owns(bytes, block)) {
                    metadata.add(block);
                }
            }
            if (bytes.get(ValueLayout.JAVA_INT_UNALIGNED, 0) == 0x4F4E4958) {
                inodeBlocks.add(block);
            }
        }
        assertThat(metadata).hasSizeGreaterThan(15);
    }

    /** Not an image in the log. */
    private static boolean owns(MemorySegment bytes, long block) {
        return bytes.get(ValueLayout.JAVA_LONG_UNALIGNED, 8) == block;
    }

    @AfterEach
    void close() {
        fixture.close();
    }

    private int findings() {
        try {
            return FileSystemCheck.run(space).findings().size();
        } catch (BlockSpaceException e) { // the sector of the superblock became zeros: refused, as there is none
            assertThat(e.code()).isEqualTo(BlockSpaceException.Code.NOT_FOUND);
            return 1;
        }
    }

    @Test
    void aChangedByteAnywhereInMetadataIsFound() {
        SplittableRandom random = new SplittableRandom(Seeds.next());
        List<Long> all = new ArrayList<>(metadata);
        inodeBlocks.stream().filter(this::isInodeInPlace).forEach(all::add);
        for (int i = 0; i < TRIES / 3; i++) {
            long block = all.get(random.nextInt(all.size()));
            byte[] good = io.read(block * BLOCK, BLOCK);
            byte[] bad = good.clone();
            int at = random.nextInt(BLOCK);
            switch (random.nextInt(4)) {
                case 0 -> bad[at] ^= (byte) (1 << random.nextInt(8));
                case 1 -> bad[at] ^= (byte) 0xFF;
                case 2 -> System.arraycopy(new byte[512], 0, bad, at & -512, 512);
                default -> bad = io.read(all.get(random.nextInt(all.size())) * BLOCK, BLOCK); // misdirected
            }
            if (java.util.Arrays.equals(good, bad)) {
                continue;
            }
            io.write(block * BLOCK, bad);
            assertThat(findings()).as("block=" + block + " at=" + at).isPositive();
            io.write(block * BLOCK, good);
        }
        FileSystemOracleTest.clean(space);
    }

    private boolean isInodeInPlace(long block) {
        MemorySegment bytes = MemorySegment.ofArray(io.read(block * BLOCK, BLOCK));
        return bytes.get(ValueLayout.JAVA_LONG_UNALIGNED, 8) == block * InodeRecord.PER_BLOCK;
    }

    private void plant(long block, Consumer<MemorySegment> damage) {
        byte[] good = io.read(block * BLOCK, BLOCK);
        MemorySegment bytes = MemorySegment.ofArray(good.clone());
        damage.accept(bytes);
        io.write(block * BLOCK, bytes.toArray(ValueLayout.JAVA_BYTE));
        assertThat(findings()).as("block=" + block).isPositive();
        io.write(block * BLOCK, good);
    }

    private List<Long> of(BlockKind kind) {
        return metadata.stream()
                .filter(block -> BlockHeader.is(MemorySegment.ofArray(io.read(block * BLOCK, BLOCK)), kind))
                .toList();
    }

    @Test
    void wrongCountsBitsAndExtentsUnderARightChecksumAreFound() {
        SplittableRandom random = new SplittableRandom(Seeds.next());
        for (BlockKind kind :
                List.of(BlockKind.GROUP, BlockKind.BLOCK_BITMAP, BlockKind.INODE_BITMAP, BlockKind.FREE_INODE_BITMAP)) {
            for (long block : of(kind)) {
                int field = kind == BlockKind.GROUP ? 64 + 4 * random.nextInt(5) : 64 + random.nextInt(60);
                plant(block, bytes -> {
                    bytes.set(ValueLayout.JAVA_BYTE, field, (byte) (bytes.get(ValueLayout.JAVA_BYTE, field) ^ 1));
                    BlockHeader.seal(bytes);
                });
            }
        }
        assertThat(of(BlockKind.EXTENTS)).isNotEmpty();
        for (long block : of(BlockKind.EXTENTS)) {
            for (int field : new int[] {64, 80, 84, 88, 92}) { // count, file block, block, count, flags
                if (field == 92) {
                    continue; // unwritten instead of written is a legal extent
                }
                plant(block, bytes -> {
                    bytes.set(
                            ValueLayout.JAVA_INT_UNALIGNED,
                            field,
                            bytes.get(ValueLayout.JAVA_INT_UNALIGNED, field) + (field == 80 ? 3 : 1));
                    BlockHeader.seal(bytes);
                });
            }
        }
        for (long block : of(BlockKind.DIRECTORY)) {
            for (int field : new int[] {64, 72, 74, 75}) { // inode, length, name length, type
                MemorySegment now = MemorySegment.ofArray(io.read(block * BLOCK, BLOCK));
                if (now.get(ValueLayout.JAVA_LONG_UNALIGNED, 64) != 0) {
                    plant(block, bytes -> {
                        byte value = bytes.get(ValueLayout.JAVA_BYTE, field);
                        bytes.set(ValueLayout.JAVA_BYTE, field, (byte) (field == 74 ? 0 : value ^ 0x55));
                        BlockHeader.seal(bytes);
                    });
                }
            }
        }
    }

    @Test
    void wrongInodesUnderARightChecksumAreFound() {
        List<Consumer<InodeFields>> damages = List.of(
                fields -> fields.links++,
                fields -> fields.blocks++,
                fields -> fields.mode ^= 0x3000,
                fields -> fields.attributes = fields.attributes == 0 ? 6 : 0,
                fields -> fields.parent = fields.parent == 0 ? 8 : fields.parent + 1,
                fields -> fields.size = Long.MAX_VALUE,
                fields -> {
                    if (fields.format == ForkFormat.EXTENTS && !fields.extents.isEmpty()) {
                        Extent first = fields.extents.getFirst();
                        fields.extents = List.of(
                                new Extent(first.fileBlock(), first.block() + 1, first.count(), first.isUnwritten()));
                    } else {
                        fields.links++;
                    }
                });
        int planted = 0;
        for (long block : inodeBlocks.stream().filter(this::isInodeInPlace).toList()) {
            for (int i = 0; i < InodeRecord.PER_BLOCK; i++) {
                long number = block * InodeRecord.PER_BLOCK + i;
                MemorySegment now = MemorySegment.ofArray(io.read(block * BLOCK, BLOCK));
                if (InodeRecord.mode(InodeRecord.slice(now, number)) != 0 && planted < TRIES / 3) {
                    Consumer<InodeFields> damage = damages.get(planted++ % damages.size());
                    plant(block, bytes -> {
                        InodeFields fields = InodeFields.read(InodeRecord.slice(bytes, number), number, ID);
                        damage.accept(fields);
                        fields.write(InodeRecord.slice(bytes, number), number, ID);
                    });
                }
            }
        }
        assertThat(planted).isGreaterThan(damages.size());
    }

    @Test
    void aMissingRecordOfTheLogRefusesTheMount() {
        try (FileSystem files = FileSystemOracleTest.mount(space)) {
            files.mkdir("/one", 0755);
            files.sync();
            files.mkdir("/two", 0755);
            files.sync();
            files.shutDown();
        }
        long first = -1;
        for (long block = 5; block < 600; block++) { // the last but one record
            MemorySegment bytes = MemorySegment.ofArray(io.read(block * BLOCK, BLOCK));
            if (BlockHeader.is(bytes, BlockKind.LOG) && bytes.get(ValueLayout.JAVA_LONG_UNALIGNED, 8) == block) {
                long sequence = BlockHeader.owner(bytes);
                if (sequence == newestSequence() - 1) {
                    first = block;
                }
            }
        }
        io.write(first * BLOCK, new byte[BLOCK]);
        assertThat(findings()).isPositive();
        assertThat(TestIo.codeOf(() -> FileSystemOracleTest.mount(space))).isEqualTo(Code.CORRUPT);
    }

    private long newestSequence() {
        long newest = 0;
        for (long block = 5; block < 600; block++) {
            MemorySegment bytes = MemorySegment.ofArray(io.read(block * BLOCK, BLOCK));
            if (BlockHeader.is(bytes, BlockKind.LOG) && bytes.get(ValueLayout.JAVA_LONG_UNALIGNED, 8) == block) {
                newest = Math.max(newest, BlockHeader.owner(bytes));
            }
        }
        return newest;
    }
}
