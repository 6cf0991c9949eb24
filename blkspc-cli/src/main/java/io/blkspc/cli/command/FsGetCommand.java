package io.blkspc.cli.command;

import io.blkspc.cli.fs.FsPath;
import io.blkspc.cli.fs.Getting;
import io.blkspc.cli.outcome.CommandFailure;
import java.nio.channels.Channels;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** {@code fs get}. */
@Command(
        name = "get",
        description = "Copy a file out of a volume to this machine, or to standard output (-). A file that is there is "
                + "overwritten; a directory goes to a new name only.")
final class FsGetCommand extends FileTask {

    @Parameters(index = "0", paramLabel = "NAME:/PATH", description = "file, symbolic link or directory")
    private String source;

    @Parameters(index = "1", paramLabel = "FILE|-", description = "where it goes; into a directory under its own name")
    private String target;

    @Option(
            names = {"-r", "--recursive"},
            description = "a directory, with all that is in it")
    private boolean recursive;

    @Override
    public Integer call() throws Exception {
        FsPath from = FsPath.parse(source);
        boolean isStream = target.equals("-");
        if (isStream && root().json) {
            throw CommandFailure.usage("standard output cannot take the file and JSON both");
        }
        Map<String, Object> facts = withFiles(from.volume(), files -> {
            Getting getting = new Getting(files);
            if (isStream) {
                getting.toStream(from.path(), Channels.newChannel(environment().rawOut()));
            } else {
                Path to = Path.of(target);
                getting.get(
                        from.path(), Files.isDirectory(to) ? to.resolve(FsPath.lastName(from.path())) : to, recursive);
            }
            return getting.copied().facts();
        });
        if (!isStream) {
            show(
                    facts,
                    () -> "copied " + facts.get("files") + " files, " + facts.get("directories") + " directories, "
                            + facts.get("links") + " symbolic links, " + size(facts.get("bytes")) + "\n");
        }
        return 0;
    }
}
