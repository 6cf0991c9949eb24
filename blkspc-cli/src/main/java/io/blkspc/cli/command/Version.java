package io.blkspc.cli.command;

import picocli.CommandLine.IVersionProvider;

/** What {@code --version} says: the version in the manifest of the jar, and the JDK it runs on. */
final class Version implements IVersionProvider {

    @Override
    public String[] getVersion() {
        String version = Version.class.getPackage().getImplementationVersion();
        return new String[] {
            "blkspc " + (version == null ? "(not from a jar)" : version) + ", Java " + Runtime.version()
        };
    }
}
