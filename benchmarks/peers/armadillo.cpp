// Times Armadillo's gmm_full or gmm_diag from given parameters.
//
//   armadillo FOLDER n d k iterations
//
// FOLDER holds rows, weights, means and covariances as raw numbers in C order; the
// reached parameters replace them there (with the ending .out).  Prints seconds and the
// KiB that the fit added to the peak of this process.  Compile with -DMODEL=gmm_full
// (fgmm_full, gmm_diag, fgmm_diag) -DNUMBER=double (float).
#include <armadillo>
#include <chrono>
#include <fstream>
#include <iostream>

using Number = NUMBER;

template <typename Array> void read(const std::string& path, Array& into) {
  std::ifstream file(path, std::ios::binary);
  file.read(reinterpret_cast<char*>(into.memptr()), into.n_elem * sizeof(Number));
}

template <typename Array> void write(const std::string& path, const Array& from) {
  std::ofstream file(path, std::ios::binary);
  file.write(reinterpret_cast<const char*>(from.memptr()), from.n_elem * sizeof(Number));
}

long kib(const std::string& field) {
  std::ifstream status("/proc/self/status");
  for (std::string word; status >> word;)
    if (word == field) { status >> word; return std::stol(word); }
  return 0;
}

int main(int, char** given) {
  const std::string folder = std::string(given[1]) + "/";
  const arma::uword n = std::stoul(given[2]), d = std::stoul(given[3]), k = std::stoul(given[4]);
  const arma::uword iterations = std::stoul(given[5]);
  // Armadillo's columns are samples: the transpose of C order, so the bytes are the same.
  arma::Mat<Number> rows(d, n), means(d, k);
  arma::Row<Number> weights(k);
#ifdef DIAGONAL
  arma::Mat<Number> covariances(d, k);
#else
  arma::Cube<Number> covariances(d, d, k);
#endif
  read(folder + "rows", rows);
  read(folder + "weights", weights);
  read(folder + "means", means);
  read(folder + "covariances", covariances);
  arma::MODEL model;
  model.set_params(means, covariances, weights);
  std::ofstream("/proc/self/clear_refs") << 5;  // the peak so far is forgotten
  const long before = kib("VmRSS:");
  const auto began = std::chrono::steady_clock::now();
  // keep_existing starts from the parameters set; no k-means; no floor of variances.
  const bool good =
      model.learn(rows, k, arma::maha_dist, arma::keep_existing, 0, iterations, 0, false);
  const std::chrono::duration<double> seconds = std::chrono::steady_clock::now() - began;
  const long after = kib("VmHWM:");
  write(folder + "weights.out", model.hefts);
  write(folder + "means.out", model.means);
#ifdef DIAGONAL
  write(folder + "covariances.out", model.dcovs);
#else
  write(folder + "covariances.out", model.fcovs);
#endif
  std::cout.precision(9);
  std::cout << seconds.count() << " " << after - before << std::endl;
  return good ? 0 : 1;
}
