package io.blkspc.cli.command;

import io.blkspc.api.Geometry;
import io.blkspc.api.Quota;
import io.blkspc.cli.outcome.CommandFailure;
import io.blkspc.cli.text.Sizes;
import picocli.CommandLine.Option;

/** {@code --reserve} and {@code --limit}. */
final class QuotaOptions {

    @Option(
            names = "--reserve",
            paramLabel = "full|SIZE",
            description =
                    "guarantee this much: writes up to it never find the pool full. Refused (exit 28) when the pool "
                            + "cannot cover it")
    private String reserve;

    @Option(
            names = "--limit",
            paramLabel = "SIZE",
            description = "most space it may take of its own; its snapshots do not count")
    private String limit;

    /** Guaranteed bytes; {@link Quota#FULL} for all of it. */
    long guarantee() {
        if (reserve == null) {
            return 0;
        }
        return reserve.equals("full") ? Quota.FULL : Sizes.parseWhole(reserve, Geometry.BLOCK_BYTES);
    }

    /** Limit in bytes, 0 = none. */
    long limit() {
        long bytes = limit == null ? 0 : Sizes.parseWhole(limit, Geometry.BLOCK_BYTES);
        if (bytes > 0 && guarantee() != Quota.FULL && guarantee() > bytes) {
            throw CommandFailure.usage("limit is below the guarantee: limit=" + limit + ", reserve=" + reserve);
        }
        return bytes;
    }
}
