package io.blkspc.cli.command;

import io.blkspc.cli.fs.FsPath;
import io.blkspc.xfsish.file.FileStatus;
import java.util.Locale;
import java.util.Map;
import picocli.CommandLine.Command;
import picocli.CommandLine.Parameters;

/** {@code fs stat}. */
@Command(name = "stat", description = "Show what is known of a file. A symbolic link is not followed.")
final class FsStatCommand extends FileTask {

    @Parameters(index = "0", paramLabel = "NAME:/PATH", description = "file, directory or symbolic link")
    private String path;

    @Override
    public Integer call() throws Exception {
        FsPath at = FsPath.parse(path);
        Map<String, Object> found = withFiles(at.volume(), files -> {
            FileStatus status = files.status(at.path());
            Map<String, Object> facts = facts(FsPath.lastName(at.path()), status);
            if (status.isSymlink()) {
                facts.put("target", files.readLink(at.path()));
            }
            return facts;
        });
        show(found, () -> {
            StringBuilder text = new StringBuilder();
            found.forEach((name, value) -> text.append(String.format(Locale.ROOT, "%-10s", name))
                    .append(FsPath.printable(value.toString()))
                    .append('\n'));
            return text.toString();
        });
        return 0;
    }
}
