package io.whimbrel.system;

import static com.tngtech.archunit.base.DescribedPredicate.alwaysTrue;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.classes;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.noClasses;
import static com.tngtech.archunit.library.dependencies.SlicesRuleDefinition.slices;

import com.tngtech.archunit.core.domain.JavaClasses;
import com.tngtech.archunit.core.importer.ClassFileImporter;
import com.tngtech.archunit.core.importer.ImportOption;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

/** Who may know whom: the rules that Maven's modules cannot express. */
class ArchitectureTest {
    private static final Map<String, List<String>> MAY_IMPORT = Map.of(
            "model", List.of(),
            "protocol", List.of("model"),
            "auth", List.of("model"),
            "redis", List.of(),
            "broker", List.of("model"),
            "ops", List.of("model"),
            "gateway", List.of("model", "protocol", "auth", "broker", "ops"),
            "web", List.of("model", "auth", "broker", "ops"),
            "load", List.of());

    private static JavaClasses house;

    @BeforeAll
    static void read() {
        house = new ClassFileImporter()
                .withImportOption(new ImportOption.DoNotIncludeTests())
                .importPackages("io.whimbrel");
    }

    @Test
    void importsGoDownAndNeverSideways() {
        MAY_IMPORT.forEach((module, allowed) -> MAY_IMPORT.keySet().stream()
                .filter(other -> !other.equals(module) && !allowed.contains(other))
                .forEach(other -> noClasses()
                        .that()
                        .resideInAPackage("io.whimbrel." + module + "..")
                        .should()
                        .dependOnClassesThat()
                        .resideInAPackage("io.whimbrel." + other + "..")
                        .because("the house says so, see ARCHITECTURE.md")
                        .check(house)));
    }

    @Test
    void onlyTheLauncherKnowsImplementationsOfTheBroker() {
        noClasses()
                .that()
                .resideOutsideOfPackages("io.whimbrel.launcher..", "io.whimbrel.broker..")
                .should()
                .dependOnClassesThat()
                .resideInAnyPackage("io.whimbrel.broker.memory..", "io.whimbrel.broker.redis..")
                .check(house);
        noClasses()
                .that()
                .resideInAPackage("io.whimbrel.broker")
                .should()
                .dependOnClassesThat()
                .resideInAnyPackage("io.whimbrel.broker.memory..", "io.whimbrel.broker.redis..")
                .check(house);
    }

    @Test
    void onlyTheLauncherKnowsWhereSpansGo() {
        noClasses()
                .that()
                .resideOutsideOfPackages("io.whimbrel.launcher..", "io.whimbrel.ops.otlp..")
                .should()
                .dependOnClassesThat()
                .resideInAPackage("io.whimbrel.ops.otlp..")
                .check(house);
        noClasses()
                .that()
                .resideOutsideOfPackage("io.whimbrel.ops.otlp..")
                .should()
                .dependOnClassesThat()
                .resideInAPackage("io.opentelemetry..")
                .check(house);
    }

    @Test
    void librariesStayWhereTheyBelong() {
        noClasses()
                .that()
                .resideInAnyPackage("io.whimbrel.model..", "io.whimbrel.protocol..", "io.whimbrel.auth..")
                .should()
                .dependOnClassesThat()
                .resideInAnyPackage("io.netty..", "io.vertx..", "io.lettuce..")
                .check(house);
        noClasses()
                .that()
                .resideInAPackage("io.whimbrel.gateway..")
                .should()
                .dependOnClassesThat()
                .resideInAnyPackage("io.vertx..", "io.lettuce..")
                .check(house);
        noClasses()
                .that()
                .resideInAPackage("io.whimbrel.web..")
                .should()
                .dependOnClassesThat()
                .resideInAPackage("io.lettuce..")
                .check(house);
        classes()
                .that()
                .resideInAPackage("io.whimbrel.model..")
                .should()
                .onlyDependOnClassesThat()
                .resideInAnyPackage("io.whimbrel.model..", "java..", "org.jspecify..")
                .check(house);
    }

    @Test
    void theLoadGeneratorKnowsTheSystemByTheWireOnly() {
        noClasses()
                .that()
                .resideInAPackage("io.whimbrel.load..")
                .should()
                .dependOnClassesThat(com.tngtech.archunit.core.domain.JavaClass.Predicates.resideInAnyPackage(
                                "io.whimbrel..", "io.vertx..", "io.lettuce..", "io.netty.handler.codec..")
                        .and(com.tngtech.archunit.core.domain.JavaClass.Predicates.resideOutsideOfPackage(
                                "io.whimbrel.load..")))
                .check(house);
    }

    @Test
    void packagesHaveNoCycles() {
        slices().matching("io.whimbrel.(**)")
                .should()
                .beFreeOfCycles()
                .ignoreDependency(
                        alwaysTrue(), com.tngtech.archunit.core.domain.JavaClass.Predicates.resideInAPackage("java.."))
                .check(house);
    }
}
