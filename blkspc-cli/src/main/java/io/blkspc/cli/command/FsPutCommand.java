package io.blkspc.cli.command;

import static java.nio.file.LinkOption.NOFOLLOW_LINKS;

import io.blkspc.cli.fs.FsPath;
import io.blkspc.cli.fs.Putting;
import java.nio.channels.Channels;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.BasicFileAttributes;
import java.util.Map;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** {@code fs put}. */
@Command(
        name = "put",
        description =
                "Copy a file of this machine, or standard input (-), into a volume, with permissions, owner and time. "
                        + "A file that is there is overwritten; into a directory it goes under its own name. Zeros become holes.")
final class FsPutCommand extends FileTask {

    @Parameters(index = "0", paramLabel = "FILE|-", description = "file, symbolic link or directory")
    private String source;

    @Parameters(index = "1", paramLabel = "NAME:/PATH", description = "where it goes")
    private String target;

    @Option(
            names = {"-r", "--recursive"},
            description = "a directory, with all that is in it")
    private boolean recursive;

    @Override
    public Integer call() throws Exception {
        FsPath to = FsPath.parse(target);
        Path from = source.equals("-") ? null : Path.of(source).toAbsolutePath().normalize();
        if (from != null) {
            Files.readAttributes(from, BasicFileAttributes.class, NOFOLLOW_LINKS); // before the pool is opened
        }
        Map<String, Object> facts = withFiles(to.volume(), files -> {
            Putting putting = new Putting(files);
            if (from == null) {
                putting.stream(Channels.newChannel(environment().in()), to.path());
            } else {
                String name =
                        from.getFileName() == null ? "" : from.getFileName().toString();
                putting.put(from, inDirectory(files, to.path(), name), recursive);
            }
            files.sync();
            return putting.copied().facts();
        });
        show(
                facts,
                () -> "copied " + facts.get("files") + " files, " + facts.get("directories") + " directories, "
                        + facts.get("links") + " symbolic links, " + size(facts.get("bytes")) + "\n");
        return 0;
    }
}
