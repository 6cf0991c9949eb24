package io.blkspc.cli.command;

import io.blkspc.cli.fs.FsPath;
import io.blkspc.cli.fs.Getting;
import io.blkspc.cli.outcome.CommandFailure;
import java.nio.channels.Channels;
import java.nio.channels.WritableByteChannel;
import picocli.CommandLine.Command;
import picocli.CommandLine.Parameters;

/** {@code fs cat}. */
@Command(name = "cat", description = "Write the bytes of a file to standard output.")
final class FsCatCommand extends FileTask {

    @Parameters(index = "0", paramLabel = "NAME:/PATH", description = "file")
    private String path;

    @Override
    public Integer call() throws Exception {
        FsPath at = FsPath.parse(path);
        if (root().json) {
            throw CommandFailure.usage("standard output cannot take the file and JSON both");
        }
        WritableByteChannel out = Channels.newChannel(environment().rawOut());
        withFiles(at.volume(), files -> {
            new Getting(files).toStream(at.path(), out);
            return null;
        });
        return 0;
    }
}
