package io.blkspc.cli.serve;

import io.blkspc.api.BlockSpace;
import io.blkspc.api.BlockSpaceException;
import io.blkspc.nbd.service.ChangedBlocks;
import io.blkspc.nbd.service.ExportDescription;
import io.blkspc.nbd.service.ExportSource;
import java.util.List;
import java.util.regex.Pattern;
import java.util.stream.Collectors;

/** The exports whose name matches a glob: {@code *} is any text, {@code ?} one character. */
final class ChosenExports implements ExportSource {

    private final ExportSource all;
    private final Pattern pattern;

    ChosenExports(ExportSource all, String glob) {
        this.all = all;
        this.pattern = Pattern.compile(glob.chars()
                .mapToObj(c -> switch (c) {
                    case '*' -> ".*";
                    case '?' -> ".";
                    default -> Pattern.quote(Character.toString(c));
                })
                .collect(Collectors.joining()));
    }

    @Override
    public List<ExportDescription> list() {
        return all.list().stream().filter(export -> isChosen(export.name())).toList();
    }

    @Override
    public ExportDescription describe(String name) {
        return isChosen(name) ? all.describe(name) : null;
    }

    @Override
    public BlockSpace open(String name) {
        if (!isChosen(name)) {
            throw new BlockSpaceException(BlockSpaceException.Code.NOT_FOUND, "not exported: name=" + name);
        }
        return all.open(name);
    }

    @Override
    public List<String> comparable(String export) {
        return all.comparable(export).stream().filter(this::isChosen).toList();
    }

    /** A snapshot that is not exported does not tell where it differs. */
    @Override
    public ChangedBlocks compare(String export, String snapshot) {
        return isChosen(export) && isChosen(snapshot) ? all.compare(export, snapshot) : null;
    }

    private boolean isChosen(String name) {
        return pattern.matcher(name).matches();
    }
}
