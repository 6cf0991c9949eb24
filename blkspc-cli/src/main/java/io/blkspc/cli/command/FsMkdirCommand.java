package io.blkspc.cli.command;

import io.blkspc.cli.fs.FsPath;
import io.blkspc.cli.outcome.CommandFailure;
import java.util.Map;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** {@code fs mkdir}. */
@Command(name = "mkdir", description = "Make a directory.")
final class FsMkdirCommand extends FileTask {

    @Parameters(index = "0", paramLabel = "NAME:/PATH", description = "new directory")
    private String path;

    @Option(
            names = {"-m", "--mode"},
            paramLabel = "OCTAL",
            defaultValue = "0755",
            description = "permissions; default: ${DEFAULT-VALUE}")
    private String mode;

    @Override
    public Integer call() throws Exception {
        FsPath at = FsPath.parse(path);
        if (!mode.matches("[0-7]{1,4}")) {
            throw CommandFailure.usage("not a mode: value=" + FsPath.printable(mode) + " (octal, at most 7777)");
        }
        Map<String, Object> made = withFiles(
                at.volume(),
                files -> facts(FsPath.lastName(at.path()), files.mkdir(at.path(), Integer.parseInt(mode, 8))));
        show(made, () -> "");
        return 0;
    }
}
