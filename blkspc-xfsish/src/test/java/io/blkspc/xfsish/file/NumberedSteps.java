package io.blkspc.xfsish.file;

import static java.lang.foreign.ValueLayout.JAVA_BYTE;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.blkspc.api.BlockSpaceException;
import io.blkspc.api.contract.Fixture;
import io.blkspc.xfsish.file.FileSystemException.Reason;
import io.blkspc.xfsish.file.InodeAccess.Renaming;
import io.blkspc.xfsish.file.TreeModel.Node;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/** Steps of a {@link TreeDriver} that go by number of inode: files held without a name, exchanges, and refused renames. */
final class NumberedSteps {

    private static final int MAX_HELD = 6;
    private static final int MAX_REMEMBERED = 24;

    private record Held(long inode, Node node) {}

    private final TreeDriver driver;
    private final List<Held> held = new ArrayList<>();
    private FileSystem heldIn;

    NumberedSteps(TreeDriver driver) {
        this.driver = driver;
    }

    private InodeAccess inodes() {
        if (heldIn != driver.files) { // mounted anew: nobody holds anything
            held.clear();
            heldIn = driver.files;
        }
        return driver.files.inodes();
    }

    private long directoryOf(String path) {
        return driver.files.status(TreeModel.parent(path)).inode();
    }

    private static byte[] nameOf(String path) {
        return TreeModel.name(path).getBytes(StandardCharsets.UTF_8);
    }

    /** Keeps a file that is about to lose a name. */
    void hold(String path) {
        if (driver.model.at(path).type == 'f' && held.size() < MAX_HELD) {
            FileStatus status = inodes().lookUp(directoryOf(path), nameOf(path));
            Node node = driver.model.at(path);
            held.add(new Held(status.inode(), node));
            driver.model.held.remove(node);
            driver.model.held.add(node);
            if (driver.model.held.size() > MAX_REMEMBERED) {
                driver.model.held.removeFirst();
            }
        }
    }

    /** Writes to a held file, with or without a name, compares it, and may let it go. */
    void visitHeld() {
        InodeAccess inodes = inodes();
        if (held.isEmpty()) {
            return;
        }
        Held one = held.get(driver.random.nextInt(held.size()));
        Node node = one.node;
        byte[] data = Fixture.bytes(driver.random.nextLong(), 1 + driver.random.nextInt(9000));
        int offset = driver.random.nextInt(Math.max(1, Math.min(node.bytes.length, driver.maxFile - data.length)));
        long done = inodes.write(one.inode, offset, TreeDriver.segment(data), 0, data.length, false);
        TreeModel.write(node, offset, Arrays.copyOf(data, (int) done));
        compare(one);
        compareSeek(one, driver.random.nextInt(node.bytes.length));
        if (driver.random.nextBoolean()) {
            held.remove(one);
            inodes.letGo(one.inode, 1);
        }
    }

    private void compare(Held one) {
        int size = one.node.bytes.length;
        MemorySegment target = Arena.ofAuto().allocate(Math.max(1, size));
        assertThat(inodes().status(one.inode).sizeBytes()).isEqualTo(size);
        assertThat(inodes().read(one.inode, 0, target, 0, size)).isEqualTo(size);
        assertThat(Arrays.equals(target.asSlice(0, size).toArray(JAVA_BYTE), one.node.bytes))
                .as("held file: inode=" + one.inode)
                .isTrue();
    }

    /** What lies in a hole is zeros; data and holes take turns. */
    private void compareSeek(Held one, int from) {
        byte[] bytes = one.node.bytes;
        long at = from;
        while (at >= 0 && at < bytes.length) {
            long data = inodes().seek(one.inode, at, false);
            long end = data < 0 ? bytes.length : data;
            for (long i = at; i < end; i++) {
                assertThat(bytes[(int) i]).isZero();
            }
            at = data < 0 ? -1 : inodes().seek(one.inode, data, true);
            assertThat(data < 0 || at > data).isTrue();
        }
    }

    void exchange(String one, String other) {
        if (one == null || other == null || one.equals("/") || other.equals("/")) {
            return;
        }
        Runnable call = () ->
                inodes().rename(directoryOf(one), nameOf(one), directoryOf(other), nameOf(other), Renaming.EXCHANGES);
        Node first = driver.model.at(one);
        Node second = driver.model.at(other);
        boolean isBelow = one.startsWith(other + "/") || other.startsWith(one + "/");
        if (isBelow) {
            assertThat(TreeDriver.reasonOf(call)).isEqualTo(Reason.INVALID);
            return;
        }
        call.run();
        driver.model.put(one, second);
        driver.model.put(other, first);
    }

    void refuseToReplace(String from, String to) {
        assertThatThrownBy(() ->
                        inodes().rename(directoryOf(from), nameOf(from), directoryOf(to), nameOf(to), Renaming.KEEPS))
                .isInstanceOfSatisfying(
                        BlockSpaceException.class,
                        e -> assertThat(e.code()).isEqualTo(BlockSpaceException.Code.EXISTS));
    }
}
