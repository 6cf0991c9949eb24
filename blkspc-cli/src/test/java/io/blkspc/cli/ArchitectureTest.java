package io.blkspc.cli;

import static com.tngtech.archunit.base.DescribedPredicate.not;
import static com.tngtech.archunit.core.domain.JavaAccess.Predicates.target;
import static com.tngtech.archunit.core.domain.JavaClass.Predicates.assignableTo;
import static com.tngtech.archunit.core.domain.JavaClass.Predicates.resideInAPackage;
import static com.tngtech.archunit.core.domain.properties.HasName.Predicates.nameMatching;
import static com.tngtech.archunit.core.domain.properties.HasOwner.Predicates.With.owner;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.classes;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.noClasses;
import static com.tngtech.archunit.library.GeneralCodingRules.ACCESS_STANDARD_STREAMS;
import static com.tngtech.archunit.library.dependencies.SlicesRuleDefinition.slices;

import com.tngtech.archunit.base.DescribedPredicate;
import com.tngtech.archunit.core.domain.JavaAccess;
import com.tngtech.archunit.core.domain.JavaClass;
import com.tngtech.archunit.core.domain.JavaClasses;
import com.tngtech.archunit.core.importer.ClassFileImporter;
import com.tngtech.archunit.core.importer.ImportOption;
import com.tngtech.archunit.lang.ArchCondition;
import com.tngtech.archunit.lang.ArchRule;
import com.tngtech.archunit.lang.conditions.ArchConditions;
import com.tngtech.archunit.library.dependencies.SliceAssignment;
import com.tngtech.archunit.library.dependencies.SliceIdentifier;
import java.lang.foreign.Linker;
import java.lang.foreign.SymbolLookup;
import java.lang.ref.Cleaner;
import java.nio.MappedByteBuffer;
import java.nio.channels.FileChannel;
import java.time.Clock;
import java.time.Instant;
import java.util.Collection;
import java.util.IdentityHashMap;
import java.util.Random;
import java.util.SplittableRandom;
import java.util.UUID;
import java.util.WeakHashMap;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.ThreadLocalRandom;
import java.util.stream.BaseStream;
import org.junit.jupiter.api.Test;

/**
 * The structure of the project, executed: who may know whom, and where each dangerous thing may be touched. This module
 * holds the test because it is the only one that sees all others. A rule about a package nobody has written yet passes.
 */
class ArchitectureTest {
    private static final String CHRONICLE_PACKAGES = "net.openhft..";
    private static final String EXTENT_PACKAGE = "io.blkspc.host.extent";
    private static final String DEVICE_PACKAGE = "io.blkspc.host.device..";
    private static final String[] ENGINE_PACKAGES = {
        "io.blkspc.host.core..",
        "io.blkspc.host.journal..",
        "io.blkspc.host.checkpoint..",
        "io.blkspc.host.alloc..",
        "io.blkspc.host.extent..",
        "io.blkspc.host.check..",
        "io.blkspc.host.dump.."
    };

    private static final JavaClasses CLASSES = new ClassFileImporter()
            .withImportOption(ImportOption.Predefined.DO_NOT_INCLUDE_TESTS)
            .withImportOption(location -> !location.contains("-tests.jar"))
            .importPackages("io.blkspc");

    // --- modules: api <- host, nbd, xfsish <- cli; bench <- cli

    @Test
    void apiDependsOnTheJdkOnly() {
        check(classes()
                .that()
                .resideInAPackage("io.blkspc.api..")
                .should()
                .onlyDependOnClassesThat()
                .resideInAnyPackage("io.blkspc.api..", "java.."));
    }

    @Test
    void hostKnowsNoOtherModuleButApi() {
        checkIndependent("io.blkspc.host..", "io.blkspc.nbd..", "io.blkspc.xfsish..", "io.blkspc.cli..");
    }

    @Test
    void nbdKnowsNoOtherModuleButApi() {
        checkIndependent("io.blkspc.nbd..", "io.blkspc.host..", "io.blkspc.xfsish..", "io.blkspc.cli..");
    }

    @Test
    void xfsishKnowsNoOtherModuleButApi() {
        checkIndependent("io.blkspc.xfsish..", "io.blkspc.host..", "io.blkspc.nbd..", "io.blkspc.cli..");
    }

    @Test
    void benchKnowsNoOtherModule() {
        checkIndependent(
                "io.blkspc.bench..",
                "io.blkspc.api..",
                "io.blkspc.host..",
                "io.blkspc.nbd..",
                "io.blkspc.xfsish..",
                "io.blkspc.cli..");
    }

    @Test
    void packagesFormNoCycles() {
        check(slices().assignedFrom(new EachPackage()).should().beFreeOfCycles());
    }

    /** Or both would believe the same mistake. */
    @Test
    void theCheckSharesNothingWithWhatAllocatesAndFrees() {
        check(
                noClasses()
                        .that()
                        .resideInAPackage("io.blkspc.host.check..")
                        .should()
                        .dependOnClassesThat(
                                resideInAPackage("io.blkspc.host.alloc..")
                                        .or(
                                                nameMatching(
                                                        "io\\.blkspc\\.host\\.core\\.(Reap|Drop|DeadList|Catalogue|Version|Replay|WritePath|CommitPath).*"))));
    }

    // --- one place for each dangerous thing

    @Test
    void chronicleMapIsSeenByOnePackage() {
        check(noClasses()
                .that()
                .resideOutsideOfPackage(EXTENT_PACKAGE)
                .should()
                .dependOnClassesThat()
                .resideInAPackage(CHRONICLE_PACKAGES));
    }

    @Test
    void socketsAreOpenedByNbdBenchAndCliOnly() {
        check(noClasses()
                .that()
                .resideOutsideOfPackages("io.blkspc.nbd..", "io.blkspc.bench..", "io.blkspc.cli..")
                .should()
                .dependOnClassesThat(nameMatching("java\\.(net|nio\\.channels)\\.[^.]*Socket.*")
                        .forSubtype()));
    }

    @Test
    void nativeCodeIsCalledByTheDeviceTransportSocketAndFusePackagesOnly() {
        check(noClasses()
                .that()
                .resideOutsideOfPackages(
                        DEVICE_PACKAGE, "io.blkspc.nbd.transport", "io.blkspc.cli.socket", "io.blkspc.cli.fuse")
                .should()
                .dependOnClassesThat(assignableTo(Linker.class).or(assignableTo(SymbolLookup.class))));
    }

    @Test
    void hostForcesDataInTheDevicePackageOnly() {
        check(noClasses()
                .that(resideInAPackage("io.blkspc.host..").and(not(resideInAPackage(DEVICE_PACKAGE))))
                .should(access(FileChannel.class, "force").or(access(MappedByteBuffer.class, "force"))));
    }

    @Test
    void onlyTheCommandPrints() {
        check(noClasses().that().resideOutsideOfPackage("io.blkspc.cli..").should(ACCESS_STANDARD_STREAMS));
    }

    // --- the engine is deterministic: files, threads, time and chance come from outside

    @Test
    void engineTouchesNoFilesAndNoThreads() {
        check(noClasses()
                .that(areEngine())
                .should()
                .dependOnClassesThat(resideInAPackage("java.nio.file..")
                        .or(assignableTo(Thread.class))
                        .or(assignableTo(ExecutorService.class))));
    }

    @Test
    void engineReadsNoClock() {
        check(noClasses()
                .that(areEngine())
                .should(access(System.class, "nanoTime|currentTimeMillis")
                        .or(access(Clock.class, "system.*"))
                        .or(access(Instant.class, "now"))));
    }

    @Test
    void engineDrawsNoUnseededRandomNumbers() {
        check(noClasses()
                .that(areEngine())
                .should(access(UUID.class, "randomUUID")
                        .or(access(Math.class, "random"))
                        .or(access(ThreadLocalRandom.class, ".*"))
                        .or(ArchConditions.callConstructor(Random.class))
                        .or(ArchConditions.callConstructor(SplittableRandom.class))));
    }

    /** Where an object lies, when it is collected, and which thread comes first are chance as well. */
    @Test
    void engineDependsOnNoAddressNoCollectionAndNoRace() {
        check(noClasses()
                .that(areEngine())
                .should(access(System.class, "identityHashCode")
                        .or(access(Collection.class, "parallelStream"))
                        .or(access(BaseStream.class, "parallel")))
                .orShould()
                .dependOnClassesThat(assignableTo(IdentityHashMap.class)
                        .or(assignableTo(WeakHashMap.class))
                        .or(assignableTo(Cleaner.class))
                        .or(assignableTo(CompletableFuture.class))));
    }

    private static void check(ArchRule rule) {
        rule.allowEmptyShould(true).check(CLASSES);
    }

    private static void checkIndependent(String module, String... others) {
        check(noClasses()
                .that()
                .resideInAPackage(module)
                .should()
                .dependOnClassesThat()
                .resideInAnyPackage(others));
    }

    /** The adapter to Chronicle Map has to name a file; everything else in the engine packages must not. */
    private static DescribedPredicate<JavaClass> areEngine() {
        DescribedPredicate<JavaClass> adapter = DescribedPredicate.describe(
                "use Chronicle Map",
                type -> type.getDirectDependenciesFromSelf().stream()
                        .anyMatch(dependency ->
                                resideInAPackage(CHRONICLE_PACKAGES).test(dependency.getTargetClass())));
        return JavaClass.Predicates.resideInAnyPackage(ENGINE_PACKAGES).and(not(adapter));
    }

    /** Calls the method and also {@code Type::method}. */
    private static ArchCondition<JavaClass> access(Class<?> type, String methodName) {
        DescribedPredicate<JavaAccess<?>> accesses =
                target(owner(assignableTo(type))).and(target(nameMatching(methodName)));
        return ArchConditions.accessTargetWhere(accesses.as("target is " + type.getSimpleName() + "." + methodName));
    }

    /** Every package is a slice of its own. */
    private static final class EachPackage implements SliceAssignment {
        @Override
        public SliceIdentifier getIdentifierOf(JavaClass type) {
            return SliceIdentifier.of(type.getPackageName());
        }

        @Override
        public String getDescription() {
            return "packages";
        }
    }
}
