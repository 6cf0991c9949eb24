package io.blkspc.xfsish.file;

import static java.lang.foreign.ValueLayout.JAVA_BYTE;
import static org.assertj.core.api.Assertions.assertThat;

import io.blkspc.api.BlockSpaceException;
import io.blkspc.api.BlockSpaceException.Code;
import io.blkspc.api.contract.Fixture;
import io.blkspc.xfsish.file.TreeModel.Node;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Objects;
import java.util.SplittableRandom;

/** Random operations on a file system and on a {@link TreeModel}, and their comparison. */
final class TreeDriver {

    final SplittableRandom random;
    final TreeModel model;
    FileSystem files;
    int outOfSpace;
    /** Largest file, in bytes. */
    int maxFile = 120_000;
    /** Most files and links; with more of them they are removed. */
    int maxNames = 80;
    /** Only what is one transaction. */
    boolean isSimple;
    /** For comparison: what bytes may be as well, because they were overwritten in place later. */
    List<TreeModel> newer = List.of();

    private int names;
    private final NumberedSteps numbered = new NumberedSteps(this);

    TreeDriver(SplittableRandom random, FileSystem files) {
        this(random, files, new TreeModel());
    }

    TreeDriver(SplittableRandom random, FileSystem files, TreeModel model) {
        this.random = random;
        this.files = files;
        this.model = model;
    }

    /** One operation. Where it finds no space, it must have changed nothing. */
    void step() {
        try {
            operation(random.nextInt(100));
        } catch (BlockSpaceException e) {
            if (e.code() != Code.OUT_OF_SPACE) {
                throw e;
            }
            outOfSpace++;
        }
    }

    private void operation(int dice) {
        if (dice < 8) {
            create();
        } else if (dice < 12) {
            mkdir();
        } else if (dice < 52) {
            write();
        } else if (dice < 60) {
            truncate();
        } else if (dice < 66) {
            punch();
        } else if (dice < 69) {
            allocate();
        } else if (dice < 78) {
            unlink();
        } else if (dice < 81) {
            rmdir();
        } else if (dice < 87) {
            rename();
        } else if (dice < 90) {
            link();
        } else if (dice < 92) {
            symlink();
        } else if (dice < 96) {
            attribute();
        } else if (dice < 98) {
            chmod();
        } else {
            readSome();
            numbered.visitHeld();
        }
    }

    String any(char type) {
        List<String> all = model.paths(type);
        return all.isEmpty() ? null : all.get(random.nextInt(all.size()));
    }

    String newPath() {
        String name = "n" + names++;
        if (random.nextInt(4) == 0) {
            name += "-" + "x".repeat(random.nextInt(200));
        }
        return TreeModel.join(any('d'), name);
    }

    private void create() {
        if (model.paths('f').size() + model.paths('l').size() >= maxNames) {
            unlink();
            return;
        }
        String path = newPath();
        files.create(path, 0644);
        model.put(path, new Node('f', 0644));
    }

    private void mkdir() {
        if (model.paths('d').size() >= maxNames / 4) {
            rmdir();
            return;
        }
        String path = newPath();
        files.mkdir(path, 0755);
        model.put(path, new Node('d', 0755));
    }

    private void write() {
        String path = any('f');
        if (path == null) {
            create();
            return;
        }
        Node node = model.at(path);
        boolean append = random.nextInt(3) == 0;
        int length = random.nextInt(8) == 0 ? 1 + random.nextInt(60_000) : 1 + random.nextInt(9000);
        length = Math.min(length, maxFile);
        int offset = append ? node.bytes.length : random.nextInt(Math.max(1, node.bytes.length + 20_000));
        offset = Math.min(offset, maxFile - length);
        byte[] data = Fixture.bytes(random.nextLong(), length);
        long done = files.write(path, offset, segment(data), 0, length);
        TreeModel.write(node, offset, Arrays.copyOf(data, (int) done));
    }

    static MemorySegment segment(byte[] bytes) {
        return Arena.ofAuto().allocate(Math.max(1, bytes.length)).copyFrom(MemorySegment.ofArray(bytes));
    }

    private void truncate() {
        String path = any('f');
        if (path != null) {
            Node node = model.at(path);
            int size = random.nextInt(3) == 0 ? 0 : random.nextInt(Math.max(1, node.bytes.length * 5 / 4));
            files.truncate(path, size);
            node.bytes = Arrays.copyOf(node.bytes, size);
        }
    }

    private void punch() {
        String path = any('f');
        if (path != null) {
            Node node = model.at(path);
            int offset = random.nextInt(node.bytes.length + 1);
            int length = random.nextInt(40_000);
            if (isSimple) {
                offset &= -4096;
                length &= -4096;
            }
            byte[] expected = node.bytes.clone();
            Arrays.fill(expected, offset, Math.min(expected.length, offset + length), (byte) 0);
            try {
                files.punch(path, offset, length);
            } catch (BlockSpaceException e) {
                expected = partOf(
                        node.bytes, expected, read(files, path)); // several transactions, of which some found space
                throw e;
            } finally {
                node.bytes = expected;
            }
        }
    }

    /** What was seen, when each byte of it is as before or as it should be afterwards. */
    private static byte[] partOf(byte[] before, byte[] after, byte[] seen) {
        assertThat(seen).hasSameSizeAs(before);
        for (int i = 0; i < seen.length; i++) {
            if (seen[i] != before[i] && seen[i] != after[i]) {
                throw new AssertionError("neither before nor after: at=" + i);
            }
        }
        return seen;
    }

    private void allocate() {
        String path = any('f');
        if (path != null) {
            Node node = model.at(path);
            int offset = random.nextInt(node.bytes.length + 10_000);
            int length = 1 + random.nextInt(30_000);
            boolean keep = isSimple || random.nextBoolean();
            files.allocate(path, offset, length, keep);
            if (!keep && offset + length > node.bytes.length) {
                node.bytes = Arrays.copyOf(node.bytes, offset + length);
            }
        }
    }

    private void unlink() {
        String path = any(random.nextInt(5) == 0 ? 'l' : 'f');
        if (path != null) {
            if (random.nextInt(3) == 0) {
                numbered.hold(path);
            }
            files.unlink(path);
            model.remove(path);
        }
    }

    private void rmdir() {
        String path = any('d');
        if (path.equals("/")) {
            return;
        }
        if (model.at(path).children.isEmpty()) {
            files.rmdir(path);
            model.remove(path);
        } else {
            assertThat(reasonOf(() -> files.rmdir(path))).isEqualTo(FileSystemException.Reason.NOT_EMPTY);
        }
    }

    static FileSystemException.Reason reasonOf(Runnable call) {
        try {
            call.run();
            return null;
        } catch (FileSystemException e) {
            return e.reason();
        }
    }

    private void rename() {
        if (random.nextInt(4) == 0) {
            numbered.exchange(any("dffl".charAt(random.nextInt(4))), any("dffl".charAt(random.nextInt(4))));
            return;
        }
        String from = any("dffl".charAt(random.nextInt(4)));
        if (from == null || from.equals("/")) {
            return;
        }
        Node moved = model.at(from);
        String existing = random.nextInt(3) == 0 ? any(moved.type) : null;
        String to = existing != null && !existing.equals("/") ? existing : newPath();
        if (to.startsWith(from + "/")) {
            assertThat(reasonOf(() -> files.rename(from, to))).isEqualTo(FileSystemException.Reason.INVALID);
            return;
        }
        Node replaced = model.at(to);
        if (replaced != null && random.nextInt(4) == 0) {
            numbered.refuseToReplace(from, to);
            return;
        }
        if (replaced == moved) {
            files.rename(from, to);
            return;
        }
        if (replaced != null && !replaced.children.isEmpty()) {
            assertThat(reasonOf(() -> files.rename(from, to))).isEqualTo(FileSystemException.Reason.NOT_EMPTY);
            return;
        }
        files.rename(from, to);
        model.remove(from);
        model.put(to, moved);
    }

    private void link() {
        String path = any('f');
        if (path != null && model.paths('f').size() < maxNames) {
            String to = newPath();
            files.link(path, to);
            model.put(to, model.at(path));
        }
    }

    private void symlink() {
        if (model.paths('l').size() >= maxNames) {
            return;
        }
        String path = newPath();
        String target = "t".repeat(1 + random.nextInt(380));
        files.symlink(target, path);
        Node node = new Node('l', 0777);
        node.target = target;
        model.put(path, node);
    }

    private void attribute() {
        String path = any("df".charAt(random.nextInt(2)));
        if (path == null) {
            return;
        }
        Node node = model.at(path);
        String name = "user.a" + random.nextInt(4);
        if (node.attributes.containsKey(name) && random.nextBoolean()) {
            files.setAttribute(path, name, null);
            node.attributes.remove(name);
        } else {
            byte[] value = Fixture.bytes(random.nextLong(), random.nextInt(900));
            files.setAttribute(path, name, value);
            node.attributes.put(name, value);
        }
    }

    private void chmod() {
        String path = any("df".charAt(random.nextInt(2)));
        if (path != null) {
            int permissions = random.nextInt(01000);
            long modified = random.nextInt(1_000_000);
            files.chmod(path, permissions);
            model.at(path).permissions = permissions;
            files.setTimes(path, 1, modified);
            assertThat(files.status(path).modified()).isEqualTo(modified);
        }
    }

    private void readSome() {
        String path = any('f');
        if (path != null) {
            compareBytes(path, model.at(path));
        }
    }

    // ---- comparison

    /** Everything is as the model says. */
    void compare() {
        compareNode("/", model.root);
    }

    private void compareNode(String path, Node node) {
        FileStatus status = files.status(path);
        assertThat(status.mode() & 07777).as(path).isEqualTo(node.permissions);
        char type = status.isDirectory() ? 'd' : status.isFile() ? 'f' : 'l';
        assertThat(type).as(path).isEqualTo(node.type);
        if (type != 'l') {
            assertThat(files.attributeNames(path)).as(path).isEqualTo(new ArrayList<>(node.attributes.keySet()));
            node.attributes.forEach(
                    (name, value) -> assertThat(files.attribute(path, name)).isEqualTo(value));
        }
        switch (type) {
            case 'd' -> {
                List<String> names = new ArrayList<>(files.list(path));
                names.sort(null);
                assertThat(names).as(path).isEqualTo(new ArrayList<>(node.children.keySet()));
                node.children.forEach((name, child) -> compareNode(TreeModel.join(path, name), child));
            }
            case 'f' -> compareBytes(path, node);
            default -> assertThat(files.readLink(path)).isEqualTo(node.target);
        }
    }

    private void compareBytes(String path, Node node) {
        byte[] expected = node.bytes;
        assertThat(files.status(path).sizeBytes()).as(path).isEqualTo(expected.length);
        byte[] seen = read(files, path);
        if (Arrays.equals(seen, expected)) {
            return;
        }
        List<byte[]> later = newer.stream()
                .map(tree -> tree.byId().get(node.id))
                .filter(Objects::nonNull)
                .map(other -> other.bytes)
                .toList();
        for (int i = 0; i < seen.length; i++) {
            int at = i;
            // What was cut off is zeros in the block of the new end, and that block may be written before the new size
            // is.
            if (seen[i] != expected[i]
                    && later.stream().noneMatch(bytes -> seen[at] == (at < bytes.length ? bytes[at] : 0))) {
                throw new AssertionError(path + " differs: at=" + at + ", size=" + expected.length + ", seen="
                        + seen[at] + ", expected=" + expected[at] + ", later sizes="
                        + later.stream().map(bytes -> bytes.length).toList());
            }
        }
    }

    static byte[] read(FileSystem files, String path) {
        int size = (int) files.status(path).sizeBytes();
        MemorySegment target = Arena.ofAuto().allocate(Math.max(1, size));
        assertThat(files.read(path, 0, target, 0, size)).isEqualTo(size);
        return target.asSlice(0, size).toArray(JAVA_BYTE);
    }
}
