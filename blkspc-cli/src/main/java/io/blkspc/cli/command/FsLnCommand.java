package io.blkspc.cli.command;

import io.blkspc.cli.fs.FsPath;
import java.util.List;
import java.util.Map;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** {@code fs ln}. */
@Command(name = "ln", description = "Give a file one more name in the same volume, or make a symbolic link.")
final class FsLnCommand extends FileTask {

    @Parameters(index = "0", paramLabel = "NAME:/FILE|TEXT", description = "file; with --symbolic any text")
    private String source;

    @Parameters(index = "1", paramLabel = "NAME:/PATH", description = "new name")
    private String target;

    @Option(
            names = {"-s", "--symbolic"},
            description = "make a symbolic link that says TEXT")
    private boolean symbolic;

    @Override
    public Integer call() throws Exception {
        FsPath to = FsPath.parse(target);
        FsPath from = symbolic ? null : FsPath.parse(source);
        String volume = volumeOf(symbolic ? List.of(to) : List.of(to, from));
        Map<String, Object> made = withFiles(volume, files -> {
            if (symbolic) {
                files.symlink(source, to.path());
            } else {
                files.link(from.path(), to.path());
            }
            return facts(FsPath.lastName(to.path()), files.status(to.path()));
        });
        show(made, () -> "");
        return 0;
    }
}
