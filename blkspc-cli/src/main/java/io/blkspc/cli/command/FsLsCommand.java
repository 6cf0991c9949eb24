package io.blkspc.cli.command;

import io.blkspc.cli.fs.FsPath;
import io.blkspc.cli.text.Table;
import io.blkspc.xfsish.file.FileSystem;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** {@code fs ls}. */
@Command(name = "ls", description = "List a directory, or one file.")
final class FsLsCommand extends FileTask {

    @Parameters(index = "0", paramLabel = "NAME:/PATH", description = "directory or file")
    private String path;

    @Option(
            names = {"-l", "--long"},
            description = "with type, permissions, owner, size and time")
    private boolean isLong;

    @Override
    public Integer call() throws Exception {
        FsPath at = FsPath.parse(path);
        List<Map<String, Object>> found = withFiles(at.volume(), files -> entries(files, at.path()));
        show(found, () -> isLong ? table(found) : names(found));
        return 0;
    }

    private static List<Map<String, Object>> entries(FileSystem files, String path) {
        List<Map<String, Object>> found = new ArrayList<>();
        if (!files.followedStatus(path).isDirectory()) {
            found.add(facts(FsPath.lastName(path), files.status(path)));
            return found;
        }
        for (String name : files.list(path).stream().sorted().toList()) {
            found.add(facts(name, files.status(FsPath.below(path, name))));
        }
        return found;
    }

    private static String names(List<Map<String, Object>> found) {
        StringBuilder text = new StringBuilder();
        found.forEach(
                each -> text.append(FsPath.printable((String) each.get("name"))).append('\n'));
        return text.toString();
    }

    private String table(List<Map<String, Object>> found) {
        Table table = Table.of("TYPE", "MODE", ">LINKS", ">UID", ">GID", ">SIZE", "MODIFIED", "NAME");
        for (Map<String, Object> each : found) {
            table.row(
                    (String) each.get("type"),
                    (String) each.get("mode"),
                    each.get("links").toString(),
                    each.get("uid").toString(),
                    each.get("gid").toString(),
                    size(each.get("size")),
                    (String) each.get("modified"),
                    FsPath.printable((String) each.get("name")));
        }
        return table.toString();
    }
}
