package io.blkspc.cli.command;

import io.blkspc.api.BlockSpaceException;
import io.blkspc.api.Geometry;
import io.blkspc.cli.action.Operation;
import io.blkspc.cli.image.ImageCopy;
import io.blkspc.cli.image.ImageFormat;
import io.blkspc.cli.image.LookedAtChannel;
import io.blkspc.cli.image.VolumeBytes;
import io.blkspc.cli.outcome.CommandFailure;
import io.blkspc.cli.pool.PoolLink;
import io.blkspc.cli.text.Json;
import io.blkspc.cli.text.Names;
import io.blkspc.cli.text.Progress;
import io.blkspc.cli.text.Sizes;
import java.io.IOException;
import java.nio.channels.Channels;
import java.nio.channels.FileChannel;
import java.nio.channels.ReadableByteChannel;
import java.nio.file.FileSystemException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** {@code import}. */
@Command(
        name = "import",
        description = "Make a volume from a raw image: a file, a device, or standard input (-). Blocks of zeros stay "
                + "holes. When the import fails, the volume is removed again.")
final class ImportCommand extends Task {

    @Parameters(index = "0", paramLabel = "FILE|-", description = "image to read")
    private String file;

    @Parameters(index = "1", paramLabel = "NAME", description = "name of the new volume")
    private String name;

    @Option(
            names = {"-s", "--size"},
            paramLabel = "SIZE",
            description = "size of the volume; needed for a pipe, else the size of the image is taken")
    private String size;

    @Option(
            names = {"-f", "--format"},
            paramLabel = "FORMAT",
            description =
                    "raw: take the bytes of the file as they are; default: so, but refuse an image that begins as "
                            + "qcow2, vmdk, vhdx, vpc or vdi do")
    private String format;

    @Override
    boolean changes() {
        return true;
    }

    @Override
    public Integer call() throws Exception {
        Names.volume(name);
        if (format != null) {
            requireRaw(format);
        }
        try (ReadableByteChannel image = open();
                LookedAtChannel source = LookedAtChannel.of(image, ImageFormat.HEAD_BYTES)) {
            requireDisk(source.head());
            long imageBytes = imageSize(image);
            if (size == null && imageBytes < 0) {
                throw CommandFailure.usage("the size of the image is unknown: say --size SIZE");
            }
            long volumeBytes = size != null ? CreateCommand.volumeSize(size) : wholeBlocks(imageBytes);
            if (imageBytes > volumeBytes) {
                throw CommandFailure.usage(
                        "the image is larger than the volume: image=" + imageBytes + ", volume=" + volumeBytes);
            }
            Map<String, Object> facts = withPool(link -> fill(link, source, volumeBytes, imageBytes));
            show(
                    facts,
                    () -> "imported " + name + ", size " + size(facts.get("size")) + ", data "
                            + size(facts.get("mapped")) + "\n");
        }
        return 0;
    }

    static void requireRaw(String format) {
        if (!format.equals("raw")) {
            throw CommandFailure.usage("no such format: value=" + format + " (raw)");
        }
    }

    /** Opened once: a pipe that has a name cannot be read twice. */
    private ReadableByteChannel open() throws IOException {
        if (file.equals("-")) {
            return Channels.newChannel(environment().in());
        }
        Path path = Path.of(file);
        if (Files.isDirectory(path)) {
            throw new FileSystemException(file, null, "is a directory");
        }
        return FileChannel.open(path, StandardOpenOption.READ);
    }

    /** Whoever has the file of an image copied into a volume finds out only when something tries to use the disk. */
    private void requireDisk(byte[] head) {
        ImageFormat found = ImageFormat.of(head);
        if (format == null && found != ImageFormat.RAW) {
            String name = found.name().toLowerCase(Locale.ROOT);
            throw CommandFailure.usage(
                    "the image is " + name + ", not raw: convert it with 'qemu-img convert -O raw', or "
                            + "say -f raw to keep the file as it is: path=" + file);
        }
    }

    /** -1 when nobody can tell before the end. */
    private static long imageSize(ReadableByteChannel source) throws IOException {
        if (source instanceof FileChannel channel) {
            return channel.size();
        }
        Path input = Path.of("/proc/self/fd/0");
        return Files.isRegularFile(input) ? Files.size(input) : -1;
    }

    private static long wholeBlocks(long imageBytes) {
        if (imageBytes == 0) {
            throw CommandFailure.usage("the image is empty");
        }
        if (imageBytes > Geometry.MAX_VOLUME_BYTES) {
            throw CommandFailure.usage("the image is too large: bytes=" + imageBytes + ", largest="
                    + Sizes.human(Geometry.MAX_VOLUME_BYTES));
        }
        return Geometry.alignUp(imageBytes);
    }

    private Map<String, Object> fill(PoolLink link, ReadableByteChannel source, long volumeBytes, long imageBytes)
            throws IOException {
        link.run(Operation.CREATE, Map.of("name", name, "size", volumeBytes));
        boolean isDone = false;
        try (Progress progress = progress("import " + name)) {
            try (VolumeBytes volume = link.openBytes(name)) {
                ImageCopy.fill(volume, source, imageBytes, progress::at);
            }
            Map<String, Object> facts = Json.asObject(link.run(Operation.INFO, Map.of("name", name)));
            isDone = true;
            return facts;
        } finally {
            if (!isDone) {
                remove(link);
            }
        }
    }

    /** The failure that brought us here is the one to tell. */
    private void remove(PoolLink link) {
        try {
            link.run(Operation.DESTROY, Map.of("names", List.of(name), "force", true));
        } catch (BlockSpaceException | CommandFailure leftBehind) {
            environment().err().println("blkspc: an incomplete volume is left: name=" + name);
        }
    }
}
