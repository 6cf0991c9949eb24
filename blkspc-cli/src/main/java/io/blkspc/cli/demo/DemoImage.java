package io.blkspc.cli.demo;

import io.blkspc.cli.outcome.CommandFailure;
import io.blkspc.cli.outcome.ExitCode;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;

/**
 * The image of the story: an ext4 file system made without mounting anything, or, where e2fsprogs is missing, a tar
 * archive.
 */
final class DemoImage {

    /** Size of the image in bytes. */
    static final long SIZE_BYTES = 64L << 20;

    private final Tools tools;
    private final Path directory;
    private final boolean isFileSystem;
    private final int files;

    private DemoImage(Tools tools, Path directory, boolean isFileSystem, int files) {
        this.tools = tools;
        this.directory = directory;
        this.isFileSystem = isFileSystem;
        this.files = files;
    }

    /** Makes the image in a directory for temporary files. */
    static DemoImage make(Tools tools, Path directory) throws IOException {
        Path tree = directory.resolve("tree");
        int files = FileTree.make(tree);
        boolean isFileSystem = tools.has("mke2fs") && tools.has("debugfs");
        DemoImage image = new DemoImage(tools, directory, isFileSystem, files);
        if (isFileSystem) {
            image.run(
                    "mke2fs",
                    "-q",
                    "-F",
                    "-t",
                    "ext4",
                    "-b",
                    "4096",
                    "-m",
                    "0",
                    "-L",
                    "blkspc-demo",
                    "-d",
                    tree.toString(),
                    image.original().toString(),
                    SIZE_BYTES / 1024 + "k");
        } else {
            TarArchive.write(tree, image.original(), SIZE_BYTES);
        }
        FileTree.remove(tree);
        return image;
    }

    /** What it is, in a few words. */
    String description() {
        return isFileSystem
                ? "ext4, " + files + " files, by mke2fs -d: no root, no mount"
                : "tar, " + files + " files (for a real file system install e2fsprogs)";
    }

    boolean isFileSystem() {
        return isFileSystem;
    }

    /** The image as it was made. */
    Path original() {
        return directory.resolve("original.img");
    }

    /** The image after {@link #change}. */
    Path changed() {
        return directory.resolve("changed.img");
    }

    /** Changes a copy of the image, and says in a few words how. */
    String change() throws IOException {
        Files.copy(original(), changed(), StandardCopyOption.REPLACE_EXISTING);
        Path note = directory.resolve("hello.txt");
        Files.writeString(note, "This line is in the clone only.\n".repeat(1000), StandardCharsets.UTF_8);
        if (isFileSystem) {
            Path script = directory.resolve("debugfs.txt");
            Files.writeString(script, "write " + note + " hello.txt\nrm notes-03/note-007.txt\nrm media/noise-1.bin\n");
            run("debugfs", "-w", "-f", script.toString(), changed().toString());
            return "one file added, two removed";
        }
        TarArchive.overwriteFirstFile(changed(), Files.readAllBytes(note));
        return "the start of one file overwritten";
    }

    /**
     * Has the file system checked by its own program.
     *
     * @return {@code false} when that program is missing
     */
    boolean check(Path image) throws IOException {
        if (!isFileSystem || !tools.has("e2fsck")) {
            return false;
        }
        Tools.Result result = tools.run("e2fsck", "-fn", image.toString());
        if (result.exitCode() != 0) {
            throw new CommandFailure(
                    ExitCode.FAILED,
                    "e2fsck found errors: image=" + image + ", exit=" + result.exitCode() + ", said="
                            + result.output().strip().replace('\n', ' '));
        }
        return true;
    }

    private void run(String program, String... arguments) throws IOException {
        Tools.Result result = tools.run(program, arguments);
        if (result.exitCode() != 0) {
            throw new CommandFailure(
                    ExitCode.FAILED,
                    program + " failed: exit=" + result.exitCode() + ", said="
                            + result.output().strip().replace('\n', ' '));
        }
    }
}
