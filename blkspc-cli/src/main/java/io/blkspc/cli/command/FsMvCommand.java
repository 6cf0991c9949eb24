package io.blkspc.cli.command;

import io.blkspc.cli.fs.FsPath;
import java.util.List;
import java.util.Map;
import picocli.CommandLine.Command;
import picocli.CommandLine.Parameters;

/** {@code fs mv}. */
@Command(
        name = "mv",
        description =
                "Give a file or directory another name in the same volume. A file that has it is replaced; into a "
                        + "directory it goes under its own name.")
final class FsMvCommand extends FileTask {

    @Parameters(index = "0", paramLabel = "NAME:/OLD", description = "file, directory or symbolic link")
    private String source;

    @Parameters(index = "1", paramLabel = "NAME:/NEW", description = "new name")
    private String target;

    @Override
    public Integer call() throws Exception {
        FsPath from = FsPath.parse(source);
        FsPath to = FsPath.parse(target);
        Map<String, Object> moved = withFiles(volumeOf(List.of(from, to)), files -> {
            files.status(from.path());
            String path = inDirectory(files, to.path(), FsPath.lastName(from.path()));
            files.rename(from.path(), path);
            return facts(FsPath.lastName(path), files.status(path));
        });
        show(moved, () -> "");
        return 0;
    }
}
