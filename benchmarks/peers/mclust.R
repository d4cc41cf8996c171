# Times mclust's me() from given responsibilities.
#
#   Rscript mclust.R FOLDER n d k model iterations
#
# FOLDER holds rows and responsibilities as raw float64 in C order; the reached
# parameters are written beside them, with the ending .out.  Prints seconds, iterations,
# and the KiB that the fit added to the peak of this process.
suppressMessages(library(mclust))
given <- commandArgs(trailingOnly = TRUE)
folder <- given[1]
n <- as.integer(given[2]); d <- as.integer(given[3]); k <- as.integer(given[4])
iterations <- as.integer(given[6])
number <- function(name, size) readBin(file.path(folder, name), "double", size)
keep <- function(name, values) writeBin(as.vector(values), file.path(folder, name))
kib <- function(field) {
  line <- grep(field, readLines("/proc/self/status"), value = TRUE)
  as.numeric(gsub("[^0-9]", "", line))
}
rows <- matrix(number("rows", n * d), n, d, byrow = TRUE)
z <- matrix(number("responsibilities", n * k), n, k, byrow = TRUE)
invisible(gc())
try(writeLines("5", "/proc/self/clear_refs"), silent = TRUE)  # the peak so far is forgotten
before <- kib("VmRSS")
began <- Sys.time()
fit <- me(rows, given[5], z, control = emControl(tol = c(0, 0), itmax = c(iterations, iterations)))
took <- as.numeric(difftime(Sys.time(), began, units = "secs"))
after <- kib("VmHWM")
keep("weights.out", fit$parameters$pro)
keep("means.out", fit$parameters$mean)
keep("covariances.out", fit$parameters$variance$sigma)
# The number is negative where the tolerance was not met, which is what is wanted.
cat(took, abs(attr(fit, "info")[["iterations"]]), after - before, "\n")
