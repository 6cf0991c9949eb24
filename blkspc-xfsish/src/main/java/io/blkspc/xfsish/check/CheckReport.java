package io.blkspc.xfsish.check;

import java.util.List;

/**
 * What a check found.
 *
 * @param findings one line each; none when the file system is sound
 * @param needsReplay the log holds something that a mount would put in place; looked at as if it had
 * @param directories directories
 * @param files regular files and symbolic links
 * @param usedBlocks blocks in use
 * @param unlinked inodes whose removal a mount will finish
 */
public record CheckReport(
        List<String> findings, boolean needsReplay, long directories, long files, long usedBlocks, long unlinked) {

    /** {@code true} when nothing was found. */
    public boolean isClean() {
        return findings.isEmpty();
    }
}
