package io.blkspc.cli.command;

import io.blkspc.cli.image.ImageCopy;
import io.blkspc.cli.image.TargetFile;
import io.blkspc.cli.image.VolumeBytes;
import io.blkspc.cli.outcome.CommandFailure;
import io.blkspc.cli.text.Json;
import io.blkspc.cli.text.Names;
import io.blkspc.cli.text.Progress;
import java.io.IOException;
import java.nio.channels.Channels;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.util.Map;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** {@code export}. */
@Command(
        name = "export",
        description = "Write a volume or snapshot as a raw image: to a file with holes, a device, or standard output "
                + "(-). A file takes the place of an older one only when it is complete.")
final class ExportCommand extends Task {

    @Parameters(index = "0", paramLabel = "NAME[@SNAP]", description = "volume or snapshot")
    private String name;

    @Parameters(index = "1", paramLabel = "FILE|-", description = "image to write")
    private String file;

    @Option(
            names = {"-O", "--output-format"},
            paramLabel = "FORMAT",
            defaultValue = "raw",
            description = "format of the image: raw")
    private String format;

    @Override
    public Integer call() throws Exception {
        Names.version(name);
        ImportCommand.requireRaw(format);
        if (file.equals("-") && root().json) {
            throw CommandFailure.usage("standard output cannot take the image and JSON both");
        }
        ImageCopy.Result copied = withPool(link -> {
            try (Progress progress = progress("export " + name);
                    VolumeBytes volume = link.openBytes(name)) {
                return copy(volume, progress);
            }
        });
        if (!file.equals("-")) {
            Map<String, Object> facts =
                    Json.of("name", name, "file", file, "size", copied.imageBytes(), "data", copied.dataBytes());
            show(
                    facts,
                    () -> "exported " + name + " to " + file + ", size " + size(copied.imageBytes()) + ", data "
                            + size(copied.dataBytes()) + "\n");
        }
        return 0;
    }

    private ImageCopy.Result copy(VolumeBytes volume, Progress progress) throws IOException {
        if (file.equals("-")) {
            return ImageCopy.toStream(volume, Channels.newChannel(environment().rawOut()), progress::at);
        }
        Path target = Path.of(file);
        TargetFile.refusePartOfPool(target);
        if (!Files.exists(target) || Files.isRegularFile(target)) {
            return toNewFile(volume, Files.exists(target) ? target.toRealPath() : target.toAbsolutePath(), progress);
        }
        try (FileChannel device = FileChannel.open(target, StandardOpenOption.WRITE)) {
            if (Files.isDirectory(target)) {
                throw CommandFailure.usage("is a directory: path=" + target);
            }
            ImageCopy.Result result = ImageCopy.toStream(volume, device, progress::at);
            if (Files.readAttributes(target, "isOther").containsValue(true) && device.size() > 0) {
                device.force(true); // a device; pipes and terminals cannot be forced and have no size
            }
            return result;
        }
    }

    private static ImageCopy.Result toNewFile(VolumeBytes volume, Path target, Progress progress) throws IOException {
        Path partial = TargetFile.partial(target);
        try {
            ImageCopy.Result result;
            try (FileChannel channel =
                    FileChannel.open(partial, StandardOpenOption.WRITE, StandardOpenOption.CREATE_NEW)) {
                result = ImageCopy.toFile(volume, channel, progress::at);
            }
            Files.move(partial, target, StandardCopyOption.ATOMIC_MOVE);
            return result;
        } finally {
            Files.deleteIfExists(partial);
        }
    }
}
