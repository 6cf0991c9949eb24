package io.blkspc.cli.command;

import io.blkspc.cli.fs.FsPath;
import io.blkspc.cli.outcome.CommandFailure;
import io.blkspc.cli.text.Json;
import io.blkspc.xfsish.file.FileSystem;
import java.util.List;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** {@code fs rm}. */
@Command(name = "rm", description = "Remove names; with the last name of a file its bytes.")
final class FsRmCommand extends FileTask {

    @Parameters(arity = "1..*", paramLabel = "NAME:/PATH", description = "file, symbolic link or directory")
    private List<String> paths;

    @Option(
            names = {"-r", "--recursive"},
            description = "a directory, with all that is in it")
    private boolean recursive;

    private long removed;

    @Override
    public Integer call() throws Exception {
        List<FsPath> all = paths.stream().map(FsPath::parse).toList();
        withFiles(volumeOf(all), files -> {
            for (FsPath each : all) {
                remove(files, each.path());
            }
            return null;
        });
        show(Json.of("removed", removed), () -> "");
        return 0;
    }

    private void remove(FileSystem files, String path) {
        if (!files.status(path).isDirectory()) {
            files.unlink(path);
        } else if (recursive) {
            files.list(path).forEach(name -> remove(files, FsPath.below(path, name)));
            if (!FsPath.lastName(path).isEmpty()) { // the root stays
                files.rmdir(path);
            }
        } else {
            throw CommandFailure.usage("is a directory, say --recursive: path=" + FsPath.printable(path));
        }
        removed++;
    }
}
