package io.blkspc.nbd.protocol;

/** Kinds of information that INFO and GO ask for, by number, besides {@link InfoExport} and {@link InfoBlockSize}. */
public final class NbdInfo {

    /** The name of the export: two bytes of type, then UTF-8. */
    public static final int NAME = 1;

    /** A description for people: two bytes of type, then UTF-8. */
    public static final int DESCRIPTION = 2;

    private NbdInfo() {}
}
