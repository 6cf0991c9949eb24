package io.blkspc.xfsish.file;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.blkspc.api.BlockSpaceException;
import io.blkspc.api.BlockSpaceException.Code;
import io.blkspc.api.contract.Fixture;
import io.blkspc.xfsish.file.InodeAccess.Change;
import io.blkspc.xfsish.file.InodeAccess.Maker;
import io.blkspc.xfsish.file.InodeAccess.Setting;
import io.blkspc.xfsish.inode.Directories.Entry;
import java.lang.foreign.MemorySegment;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** The file system by inode numbers. */
class InodeAccessTest {

    private static final Maker MAKER = new Maker(0644, 7, 8);
    private static final MemorySegment BYTES = TreeDriver.segment(Fixture.bytes(3, 64 << 10));

    private final ModelVolume volume = new ModelVolume();
    private InodeAccess inodes = volume.files().inodes();
    private final long root = inodes.root();

    @AfterEach
    void close() {
        volume.close();
    }

    private static byte[] name(String name) {
        return name.getBytes(UTF_8);
    }

    private static void assertCode(Code code, Runnable call) {
        assertThatThrownBy(call::run)
                .isInstanceOfSatisfying(
                        BlockSpaceException.class, e -> assertThat(e.code()).isEqualTo(code));
    }

    @Test
    void aHeldFileWithoutANameKeepsItsBytesUntilItIsLetGo() {
        long used = inodes.status(root).links();
        long inode = inodes.create(root, name("a"), MAKER).inode();
        inodes.lookUp(root, name("a"));
        inodes.write(inode, 0, BYTES, 0, 10_000, false);
        inodes.unlink(root, name("a"));
        assertCode(Code.NOT_FOUND, () -> inodes.lookUp(root, name("a")));
        assertThat(inodes.status(inode).links()).isZero();
        inodes.write(inode, 10_000, BYTES, 0, 5000, false);
        inodes.letGo(inode, 1);
        assertThat(inodes.status(inode).sizeBytes()).isEqualTo(15_000);
        assertCode(Code.NOT_FOUND, () -> inodes.link(inode, root, name("b")));
        inodes.letGo(inode, 1);
        assertCode(Code.NOT_FOUND, () -> inodes.status(inode));
        assertThat(inodes.status(root).links()).isEqualTo((int) used);
    }

    @Test
    void whatWasHeldWithoutANameIsGoneAfterACrashAndAfterAnUnmount() {
        long crashed = inodes.create(root, name("a"), MAKER).inode();
        inodes.write(crashed, 0, BYTES, 0, 10_000, false);
        inodes.unlink(root, name("a"));
        volume.files().sync();
        volume.files().shutDown();
        assertThat(volume.check().unlinked()).isEqualTo(1);
        inodes = volume.mount().inodes();
        assertCode(Code.NOT_FOUND, () -> inodes.status(crashed));

        long open = inodes.create(root, name("b"), MAKER).inode();
        inodes.unlink(root, name("b"));
        assertThat(volume.unmount().unlinked()).isZero();
        inodes = volume.mount().inodes();
        assertCode(Code.NOT_FOUND, () -> inodes.status(open));
    }

    @Test
    void aRemovedDirectoryThatIsHeldTakesNoNames() {
        long directory = inodes.mkdir(root, name("d"), MAKER).inode();
        inodes.create(root, name("f"), MAKER);
        inodes.rmdir(root, name("d"));
        assertThat(inodes.list(directory)).isEmpty();
        assertCode(Code.NOT_FOUND, () -> inodes.create(directory, name("a"), MAKER));
        assertCode(
                Code.NOT_FOUND,
                () -> inodes.rename(root, name("f"), directory, name("f"), InodeAccess.Renaming.REPLACES));
    }

    @Test
    void namesAreBytes() {
        byte[] latin = {(byte) 0xE9, 't', (byte) 0xE9};
        long inode = inodes.create(root, latin, MAKER).inode();
        assertThat(inodes.lookUp(root, latin).inode()).isEqualTo(inode);
        assertThat(inodes.list(root)).extracting(Entry::name).containsExactly(latin);
        for (String bad : List.of("", ".", "..", "a/b", "a\0b")) {
            assertCode(Code.OUT_OF_RANGE, () -> inodes.create(root, name(bad), MAKER));
        }
        assertCode(Code.LIMIT, () -> inodes.create(root, name("x".repeat(256)), MAKER));
        for (String good : List.of("...", ".a", "a.", "x".repeat(255))) {
            inodes.create(root, name(good), MAKER);
        }
    }

    @Test
    void aDirectoryWithTheSetGroupBitGivesItsGroupAndADirectoryTheBit() {
        long directory = inodes.mkdir(root, name("d"), new Maker(02755, 1, 99)).inode();
        assertThat(inodes.create(directory, name("f"), MAKER).gid()).isEqualTo(99);
        FileStatus below = inodes.mkdir(directory, name("e"), MAKER);
        assertThat(below.gid()).isEqualTo(99);
        assertThat(below.mode() & 07777).isEqualTo(02644);
        assertThat(inodes.create(root, name("f"), MAKER).gid()).isEqualTo(8);
    }

    @Test
    void aWriterWithoutRightsAndANewOwnerEndTheSetIdBits() {
        long inode = inodes.create(root, name("p"), new Maker(06755, 7, 8)).inode();
        inodes.write(inode, 0, BYTES, 0, 10, false);
        assertThat(inodes.status(inode).mode() & 07777).isEqualTo(06755);
        inodes.write(inode, 0, BYTES, 0, 10, true);
        assertThat(inodes.status(inode).mode() & 07777).isEqualTo(0755);
        inodes.update(inode, new Change(06755, null, null, null, null));
        inodes.truncate(inode, 5, true);
        assertThat(inodes.status(inode).mode() & 07777).isEqualTo(0755);
        inodes.update(inode, new Change(06745, null, null, null, null));
        FileStatus owned = inodes.update(inode, new Change(null, 3, null, 11L, 12L));
        assertThat(owned.mode() & 07777).isEqualTo(02745); // without group execution it means locking
        assertThat(List.of(owned.uid(), owned.gid())).containsExactly(3, 8);
        assertThat(List.of(owned.accessed(), owned.modified())).containsExactly(11L, 12L);
    }

    @Test
    void seekTellsDataFromHolesWrittenOrNot() {
        long inode = inodes.create(root, name("s"), MAKER).inode();
        assertThat(inodes.seek(inode, 0, false)).isEqualTo(-1);
        inodes.write(inode, 8192, BYTES, 0, 4096, false);
        inodes.truncate(inode, 100_000, false);
        inodes.allocate(inode, 40_960, 8192, true);
        for (int i = 0; i < 2; i++) { // delayed, then with a place
            assertThat(inodes.seek(inode, 0, false)).isEqualTo(8192);
            assertThat(inodes.seek(inode, 9000, false)).isEqualTo(9000);
            assertThat(inodes.seek(inode, 9000, true)).isEqualTo(12_288);
            assertThat(inodes.seek(inode, 0, true)).isZero();
            assertThat(inodes.seek(inode, 12_288, false)).isEqualTo(-1);
            assertThat(inodes.seek(inode, 99_999, true)).isEqualTo(99_999);
            assertThat(inodes.seek(inode, 100_000, true)).isEqualTo(-1);
            volume.files().sync();
        }
        inodes.write(inode, 40_960, BYTES, 0, 4096, false);
        assertThat(inodes.seek(inode, 12_288, false)).isEqualTo(40_960);
        assertThat(inodes.seek(inode, 40_960, true)).isEqualTo(45_056);
        inodes.write(inode, 98_304, BYTES, 0, 1696, false);
        assertThat(inodes.seek(inode, 98_304, true)).isEqualTo(100_000);
    }

    @Test
    void aPunchPastTheEndGivesPreallocatedBlocksBack() {
        long inode = inodes.create(root, name("s"), MAKER).inode();
        inodes.write(inode, 0, BYTES, 0, 5000, false);
        inodes.allocate(inode, 0, 100_000, true);
        assertThat(inodes.status(inode).blocks()).isEqualTo(25);
        inodes.punch(inode, 8192, Long.MAX_VALUE);
        assertThat(inodes.status(inode).blocks()).isEqualTo(2);
        inodes.punch(inode, 4096, 4096);
        assertThat(inodes.status(inode).blocks()).isEqualTo(1);
        assertThat(inodes.status(inode).sizeBytes()).isEqualTo(5000);
    }

    @Test
    void attributesAreSetAsAsked() {
        long inode = inodes.create(root, name("x"), MAKER).inode();
        byte[] value = {1, 2, 3};
        assertCode(Code.NOT_FOUND, () -> inodes.setAttribute(inode, "user.a", value, Setting.REPLACES));
        inodes.setAttribute(inode, "user.a", value, Setting.CREATES);
        assertCode(Code.EXISTS, () -> inodes.setAttribute(inode, "user.a", value, Setting.CREATES));
        inodes.setAttribute(inode, "user.a", new byte[0], Setting.REPLACES);
        assertThat(inodes.attribute(inode, "user.a")).isEmpty();
        assertThat(inodes.attributeNames(inode)).containsExactly("user.a");
        inodes.removeAttribute(inode, "user.a");
        assertCode(Code.NOT_FOUND, () -> inodes.attribute(inode, "user.a"));
    }

    @Test
    void aHoleBehindTheLargestFileTakesNothingFromTheFile() {
        long inode = inodes.create(root, name("a"), MAKER).inode();
        inodes.write(inode, 0, BYTES, 0, 10_000, false);
        for (long offset : new long[] {FileData.MAX_BYTES, 1L << 62, Long.MAX_VALUE - 4095, Long.MAX_VALUE - 10}) {
            inodes.punch(inode, offset, 5);
            inodes.punch(inode, offset, Long.MAX_VALUE);
            MemorySegment read = MemorySegment.ofArray(new byte[10_000]);
            assertThat(inodes.read(inode, 0, read, 0, 10_000)).isEqualTo(10_000);
            assertThat(read.mismatch(BYTES.asSlice(0, 10_000))).isEqualTo(-1);
        }
    }
}
